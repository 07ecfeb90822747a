//! Packs what the API page needs of Swagger UI's release: a sixth of its files, compressed.

use std::error::Error;
use std::fs::File;
use std::io::{Cursor, copy};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// The files of the page; `src/docs.rs` includes each by its name.
const FILES: [&str; 8] = [
    "index.html",
    "index.css",
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "oauth2-redirect.html",
    "favicon-16x16.png",
    "favicon-32x32.png",
];

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by its environment where to write"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut release = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for file in FILES {
        let ending = format!("/dist/{file}");
        let path = release
            .file_names()
            .find(|path| path.ends_with(&ending))
            .ok_or_else(|| format!("the release of Swagger UI has no {file}"))?
            .to_owned();
        let packed = File::create(out.join(format!("{file}.gz")))?;
        let mut packer = GzEncoder::new(packed, Compression::best());
        copy(&mut release.by_name(&path)?, &mut packer)?;
        packer.finish()?;
    }
    Ok(())
}

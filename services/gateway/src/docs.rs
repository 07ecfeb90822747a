//! The API page at `/docs`, with all its assets inside the executable, compressed.

use std::io::Read as _;

use axum::body::Body;
use flate2::read::GzDecoder;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};

/// A file of the page: its name, its type, its compressed bytes.
type File = (&'static str, &'static str, &'static [u8]);

/// A file that the build script has packed.
macro_rules! packed {
    ($name:literal, $kind:literal) => {
        (
            $name,
            $kind,
            include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
        )
    };
}

const FILES: [File; 8] = [
    packed!("index.html", "text/html; charset=utf-8"),
    packed!("index.css", "text/css; charset=utf-8"),
    packed!("swagger-ui.css", "text/css; charset=utf-8"),
    packed!("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    packed!(
        "swagger-ui-standalone-preset.js",
        "text/javascript; charset=utf-8"
    ),
    packed!("oauth2-redirect.html", "text/html; charset=utf-8"),
    packed!("favicon-16x16.png", "image/png"),
    packed!("favicon-32x32.png", "image/png"),
];

/// What the page may load: its own files, and the styles and pictures that its scripts make. Nobody may frame it.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Starts the page on Kugel's own document.
const INITIALIZER: &str = r##"window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    persistAuthorization: true,
    filter: true,
    docExpansion: "none",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl],
    layout: "StandaloneLayout",
  });
};
"##;

/// Serves the page or one of its files by what follows `/docs`; `None` if there is no such file.
pub(crate) fn serve(path: &str) -> Option<Response<Body>> {
    if path.is_empty() {
        // The page names its files relatively, so it needs the slash.
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response
            .headers_mut()
            .insert(LOCATION, HeaderValue::from_static("/docs/"));
        return Some(response);
    }
    match path.strip_prefix('/')? {
        "swagger-initializer.js" => Some(file("text/javascript; charset=utf-8", Body::from(INITIALIZER))),
        name => {
            let name = if name.is_empty() { "index.html" } else { name };
            let (_, kind, packed) = FILES.iter().find(|(known, ..)| *known == name)?;
            let mut bytes = Vec::new();
            GzDecoder::new(*packed).read_to_end(&mut bytes).ok()?;
            Some(file(kind, Body::from(bytes)))
        }
    }
}

fn file(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_its_assets_are_here() {
        assert_eq!(serve("").unwrap().status(), StatusCode::PERMANENT_REDIRECT);
        for (file, kind) in [
            ("/", "text/html"),
            ("/swagger-ui-bundle.js", "text/javascript"),
            ("/swagger-ui.css", "text/css"),
            ("/swagger-initializer.js", "text/javascript"),
            ("/favicon-32x32.png", "image/png"),
        ] {
            let response = serve(file).unwrap();
            assert!(
                response.headers()[CONTENT_TYPE]
                    .to_str()
                    .unwrap()
                    .starts_with(kind),
                "{file}"
            );
        }
        assert!(serve("/none.js").is_none());
        assert!(serve("x").is_none());
    }
}

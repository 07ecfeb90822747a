//! The files of a certificate, and whether they were renewed.

use std::path::PathBuf;
use std::time::SystemTime;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::Misconfiguration;

/// A setting and the file that it names, if it does.
pub(super) type Named<'a> = (&'static str, &'a Option<PathBuf>);

/// Where certificate and key are, and the authority if callers are checked.
pub(super) struct Files(Vec<File>);

/// A file and the setting that names it.
pub(super) struct File {
    setting: &'static str,
    pub(super) path: PathBuf,
}

/// When each file was written last, and its length; `None` for one that is not there.
pub(super) type Marks = Vec<Option<(SystemTime, u64)>>;

impl Files {
    /// All the files, or none if no setting names one.
    pub(super) fn named(settings: &[Named<'_>]) -> Result<Option<Self>, Misconfiguration> {
        let Some((given, _)) = settings.iter().find(|(_, file)| file.is_some()) else {
            return Ok(None);
        };
        let files = settings.iter().map(|(setting, path)| match path {
            Some(path) => Ok(File {
                setting,
                path: path.clone(),
            }),
            None => Err(Misconfiguration(format!(
                "setting `{setting}` is missing: it belongs to `{given}`"
            ))),
        });
        Ok(Some(Self(files.collect::<Result<_, _>>()?)))
    }

    pub(super) fn all(&self) -> &[File] {
        &self.0
    }

    pub(super) fn marks(&self) -> Marks {
        let mark = |file: &File| {
            let metadata = file.path.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        self.0.iter().map(mark).collect()
    }
}

pub(super) fn certificates(file: &File) -> Result<Vec<CertificateDer<'static>>, Misconfiguration> {
    let read = CertificateDer::pem_file_iter(&file.path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| wrong(file, error))?;
    if found.is_empty() {
        return Err(wrong(file, "no certificate (PEM)"));
    }
    Ok(found)
}

pub(super) fn wrong(file: &File, what: impl std::fmt::Display) -> Misconfiguration {
    Misconfiguration(format!(
        "setting `{}`: {}: {what}",
        file.setting,
        file.path.display()
    ))
}

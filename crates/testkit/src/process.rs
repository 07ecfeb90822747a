//! The executable beside the test, so that it can be killed.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::Site;

/// A running `kugel serve`. It is killed when this is dropped.
pub struct ServerProcess {
    program: PathBuf,
    folder: PathBuf,
    child: Child,
    site: Site,
    /// Kept open: a server whose output nobody takes would be stopped by its own greeting.
    output: Lines<BufReader<ChildStdout>>,
}

impl ServerProcess {
    /// Starts `program` on a free port and waits until it says that it is ready.
    pub async fn start(program: impl AsRef<Path>, folder: impl AsRef<Path>) -> Self {
        Self::start_on("127.0.0.1:0", program.as_ref(), folder.as_ref()).await
    }

    async fn start_on(address: &str, program: &Path, folder: &Path) -> Self {
        let mut child = Command::new(program)
            .args(["serve", "--listen", address, "--data-dir"])
            .arg(folder)
            .env("LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let greeting = output
            .next_line()
            .await
            .unwrap()
            .expect("the server ended at once");
        let url = greeting
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("no address in {greeting:?}"));
        Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            child,
            site: Site::at(url.trim_end_matches(',')),
            output,
        }
    }

    /// Kills the process as a power cut would: no goodbye, no flush.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts again on the same folder and port after [`Self::kill`] or [`Self::stop`].
    pub async fn start_again(&mut self) {
        let address = self.site.url().trim_start_matches("http://").to_owned();
        *self = Self::start_on(&address, &self.program.clone(), &self.folder.clone()).await;
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the process runs")
    }

    /// Asks the process to stop, as an operator does, and waits until it has said goodbye.
    pub async fn stop(&mut self) {
        let asked = Command::new("kill")
            .arg(self.id().to_string())
            .status()
            .await
            .unwrap();
        assert!(asked.success());
        while self.output.next_line().await.unwrap().is_some() {}
        let status = self.child.wait().await.unwrap();
        assert!(status.success(), "the server stopped with {status}");
    }
}

impl Deref for ServerProcess {
    type Target = Site;
    fn deref(&self) -> &Site {
        &self.site
    }
}

//! A process that can be killed and started again.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Process {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) log: PathBuf,
    child: Option<Child>,
}

impl Process {
    pub(crate) fn new(
        name: &'static str,
        program: PathBuf,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
        log: PathBuf,
    ) -> Self {
        Self {
            name,
            program,
            arguments,
            environment,
            log,
            child: None,
        }
    }

    /// Starts it, with this in its environment too. What it says is added to its log.
    pub(crate) fn start(&mut self, more: &[(String, String)]) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let child = alone(Command::new(&self.program))
            .args(&self.arguments)
            .envs(self.environment.iter().chain(more).cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// The end as a power cut would bring it: no goodbye, no flush. True if it was still there to be killed.
    pub(crate) fn kill(&mut self) -> bool {
        let Some(mut child) = self.child.take() else {
            return false;
        };
        let was_running = child.try_wait().unwrap().is_none();
        // One that has just ended by itself cannot be killed.
        _ = child.kill();
        child.wait().unwrap();
        was_running
    }

    /// Asks it to stop and waits. False if it had to be killed, or was not there, or failed.
    pub(crate) async fn stop(&mut self, limit: Duration) -> bool {
        let Some(child) = &mut self.child else {
            return false;
        };
        signal("TERM", child.id());
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if let Some(status) = child.try_wait().unwrap() {
                return status.success();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.kill();
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Without the settings of whoever runs this: the servers that these name are not for killing.
pub(crate) fn alone(mut command: Command) -> Command {
    for setting in ["MONGODB_URI", "REDIS_URL", "AMQP_URL", "NAMESPACE"] {
        command.env_remove(setting);
    }
    command
}

/// Sends a signal by the program that exists for it.
fn signal(name: &str, id: u32) {
    let status = Command::new("kill")
        .args([format!("-{name}"), id.to_string()])
        .status();
    assert!(status.unwrap().success(), "process {id} cannot be signalled");
}

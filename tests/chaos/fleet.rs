//! Everything that runs and can be killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kugel_rpc::Neighbours;
use kugel_testkit::Site;
use tokio::process::Command;

use crate::Size;
use crate::process::{Process, alone};
use crate::servers::{SERVERS, Servers, free_port};
use crate::weather::Weather;

/// How long Kugel may take for an answer: its own default.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const START_LIMIT: Duration = Duration::from_secs(60);

/// Kugel, in one process or in eight with its servers.
pub(crate) struct Fleet {
    // In this order they end: Kugel before its servers.
    processes: Vec<Process>,
    servers: Option<Servers>,
    /// What `kugel verify` needs to find the data.
    settings: Vec<(String, String)>,
    program: PathBuf,
    folder: PathBuf,
    url: String,
    killed: BTreeSet<&'static str>,
    weather: Weather,
}

impl Fleet {
    /// Starts everything and waits until it is healthy.
    pub(crate) async fn start(size: Size, program: &Path, folder: &Path) -> Self {
        let gateway = format!("127.0.0.1:{}", free_port(13_000..30_000, &[0]));
        let mut fleet = Self {
            processes: Vec::new(),
            servers: None,
            settings: settings(),
            program: program.to_owned(),
            folder: folder.to_owned(),
            url: format!("http://{gateway}"),
            killed: BTreeSet::new(),
            weather: Weather::first(),
        };
        match size {
            Size::Single => fleet.add("kugel", vec!["serve".to_owned()], &gateway),
            Size::Mesh => fleet.add_mesh(&gateway).await,
        }
        for process in &mut fleet.processes {
            process.start(&fleet.weather.environment());
        }
        fleet.healthy().await;
        fleet
    }

    async fn add_mesh(&mut self, gateway: &str) {
        let servers = Servers::start(&self.folder.join("servers")).await;
        self.settings.extend(servers.settings());
        self.servers = Some(servers);
        let addresses = Neighbours::NAMES.map(|name| {
            let address = format!("127.0.0.1:{}", free_port(13_000..30_000, &[0]));
            let setting = format!("{}_URL", name.replace('-', "_").to_uppercase());
            self.settings.push((setting, format!("http://{address}")));
            address
        });
        for (name, address) in Neighbours::NAMES.into_iter().zip(&addresses) {
            self.add(name, vec!["serve".to_owned(), name.to_owned()], address);
        }
        self.add("gateway", vec!["serve".to_owned(), "gateway".to_owned()], gateway);
    }

    fn add(&mut self, name: &'static str, mut arguments: Vec<String>, address: &str) {
        arguments.extend(["--listen".to_owned(), address.to_owned()]);
        let mut environment = self.settings.clone();
        environment.push(("DATA_DIR".to_owned(), self.data().display().to_string()));
        let log = self.folder.join(format!("{name}.log"));
        let process = Process::new(name, self.program.clone(), arguments, environment, log);
        self.processes.push(process);
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Whom one may kill.
    pub(crate) fn targets(&self) -> Vec<&'static str> {
        let processes = self.processes.iter().map(|process| process.name);
        let servers = self.servers.iter().flat_map(|_| SERVERS);
        processes.chain(servers).collect()
    }

    /// Kills one without a warning. Gives what is wrong: it had ended by itself.
    pub(crate) async fn kill(&mut self, target: &'static str) -> Option<String> {
        self.killed.insert(target);
        match self.processes.iter_mut().find(|process| process.name == target) {
            Some(process) => {
                (!process.kill()).then(|| format!("{target} had ended by itself before it was killed"))
            }
            None => {
                let servers = self.servers.as_ref();
                servers
                    .expect("a target is a process or a server")
                    .kill(target)
                    .await;
                None
            }
        }
    }

    /// Kills all of Kugel, which begins again in another weather. Gives what had ended by itself.
    pub(crate) async fn turn(&mut self, weather: Weather) -> Vec<String> {
        self.weather = weather;
        let names: Vec<_> = self.processes.iter().map(|process| process.name).collect();
        let mut findings = Vec::new();
        for name in names {
            findings.extend(self.kill(name).await);
        }
        findings
    }

    /// Starts again whatever was killed. Servers answer when this returns; Kugel's own processes may still be starting.
    pub(crate) async fn restart(&mut self) {
        for process in &mut self.processes {
            if self.killed.remove(process.name) {
                process.start(&self.weather.environment());
            }
        }
        if !std::mem::take(&mut self.killed).is_empty()
            && let Some(servers) = &self.servers
        {
            servers.restart().await;
        }
    }

    /// Waits until the gateway says that everything is there.
    pub(crate) async fn healthy(&self) {
        let (begun, site) = (Instant::now(), Site::at(&self.url));
        loop {
            let answer = site.root().try_send(http::Method::GET, "/health", None).await;
            if answer.as_ref().is_ok_and(|reply| reply.status == 200) {
                return;
            }
            assert!(
                begun.elapsed() < START_LIMIT,
                "it is not healthy after {START_LIMIT:?}: {:?}",
                answer.map(|reply| reply.text)
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops Kugel as an operator does and lets `kugel verify` look at the data. Gives what it complains about.
    pub(crate) async fn verify(&mut self) -> Vec<String> {
        let mut findings = Vec::new();
        if self.servers.is_none() {
            findings.extend(self.stop_processes().await);
        }
        let (succeeded, said, complaint) = self.run(&["verify"]).await;
        print!("{said}");
        if !succeeded || !said.contains(": clean") {
            findings.push(format!("kugel verify is not content: {said}{complaint}"));
        }
        findings
    }

    /// The events that a consumer has laid aside, for which nothing that happens here is a reason.
    pub(crate) async fn laid_aside(&self) -> Vec<String> {
        let (succeeded, said, complaint) = self.run(&["events", "list", "--json"]).await;
        if !succeeded {
            return vec![format!("kugel events list failed: {complaint}")];
        }
        let is_aside =
            |line: &&str| line.contains(r#""kind":"dead_letter""#) || line.contains(r#""is_parked":true"#);
        let lines = said.lines().filter(is_aside);
        lines.map(|line| format!("laid aside: {line}")).collect()
    }

    /// A command on the data of this fleet: whether it succeeded, and what it said.
    async fn run(&self, command: &[&str]) -> (bool, String, String) {
        let output = Command::from(alone(std::process::Command::new(&self.program)))
            .args(command)
            .env("DATA_DIR", self.data())
            .envs(self.settings.iter().cloned())
            .envs([self.weather.zone()])
            .output()
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.success(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    async fn stop_processes(&mut self) -> Vec<String> {
        let mut findings = Vec::new();
        // The gateway first, so that nothing new comes in.
        for process in self.processes.iter_mut().rev() {
            if !process.stop(Duration::from_secs(30)).await {
                findings.push(format!("{} did not stop by itself", process.name));
            }
        }
        self.processes.clear();
        findings
    }

    /// Stops everything.
    pub(crate) async fn end(mut self) {
        self.stop_processes().await;
    }
}

fn settings() -> Vec<(String, String)> {
    let timeout = REQUEST_TIMEOUT.as_secs().to_string();
    let settings = [
        ("LOG", "warn"),
        ("OPERATIONS_LISTEN", "127.0.0.1:0"),
        ("SECRET_KEY", "7421ed2cbdd1baad6ad20aace0d019f1"),
        ("PASSWORD_MEMORY_KIB", "8"),
        ("TOKEN_EXPIRE_MINUTES", "1440"),
        ("REQUEST_TIMEOUT_SECONDS", &timeout),
    ];
    settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

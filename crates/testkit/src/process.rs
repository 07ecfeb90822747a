//! The executable beside the test, so that it can be killed: one process, or the eight of the mesh.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::future::join_all;
use kugel::process::GATEWAY;
use kugel_rpc::Neighbours;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::namespace::Namespace;
use crate::size::Size;
use crate::{Site, eventually, ports};

/// How long the processes may take to be ready.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What no child takes over from whoever runs the tests.
const SETTINGS_OF_OTHERS: [&str; 10] = [
    "MONGODB_URI",
    "REDIS_URL",
    "AMQP_URL",
    "NAMESPACE",
    "SECRET_KEY",
    "SECRET_KEYS_ACCEPTED",
    "DATA_DIR",
    "LISTEN",
    "OPERATIONS_LISTEN",
    "REFLECTION",
];

/// A running Kugel. It is killed when this is dropped.
pub struct ServerProcess {
    program: PathBuf,
    environment: Vec<(String, String)>,
    /// What each process is told, the one with the door last.
    plans: Vec<Vec<String>>,
    running: Vec<Running>,
    site: Site,
    /// The port for operations of the process with the door.
    pub operations: Site,
    _namespace: Option<Namespace>,
}

struct Running {
    child: Child,
    /// Kept open: a server whose output nobody takes would be stopped by its own greeting.
    output: Lines<BufReader<ChildStdout>>,
}

impl ServerProcess {
    /// Starts `program` in the size that is tested, with its data in `folder` if it keeps any there, and waits until it is
    /// ready.
    pub async fn start(program: impl AsRef<Path>, folder: impl AsRef<Path>) -> Self {
        let Size::Mesh(servers) = Size::chosen() else {
            return Self::start_single(program, folder).await;
        };
        let namespace = Namespace::new(servers.clone());
        let mut environment = vec![
            ("NAMESPACE".to_owned(), namespace.name().to_owned()),
            (
                "SECRET_KEY".to_owned(),
                "7421ed2cbdd1baad6ad20aace0d019f1".to_owned(),
            ),
        ];
        let servers = servers.environment();
        environment.extend(servers.map(|(name, address)| (name.to_owned(), address.to_owned())));
        let addresses = ports::free_addresses(9);
        let mut plans = Vec::new();
        for (name, address) in Neighbours::NAMES.into_iter().chain([GATEWAY]).zip(&addresses) {
            let operations = if name == GATEWAY {
                &addresses[8]
            } else {
                "127.0.0.1:0"
            };
            let plan = [
                "serve",
                name,
                "--listen",
                address,
                "--operations-listen",
                operations,
            ];
            plans.push(plan.map(str::to_owned).to_vec());
            let setting = format!("{}_URL", name.replace('-', "_").to_uppercase());
            if name != GATEWAY {
                environment.push((setting, format!("http://{address}")));
            }
        }
        let doors = [&addresses[7], &addresses[8]].map(|address| format!("http://{address}"));
        Self::launch(program.as_ref(), environment, plans, doors, Some(namespace)).await
    }

    /// Starts `program` as one process on `folder`, whatever size is tested.
    pub async fn start_single(program: impl AsRef<Path>, folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref().to_str().unwrap().to_owned();
        let environment = vec![("DATA_DIR".to_owned(), folder)];
        let addresses = ports::free_addresses(2);
        let plan = [
            "serve",
            "--listen",
            &addresses[0],
            "--operations-listen",
            &addresses[1],
        ];
        let plans = vec![plan.map(str::to_owned).to_vec()];
        let doors = [&addresses[0], &addresses[1]].map(|address| format!("http://{address}"));
        Self::launch(program.as_ref(), environment, plans, doors, None).await
    }

    async fn launch(
        program: &Path,
        environment: Vec<(String, String)>,
        plans: Vec<Vec<String>>,
        [main, operations]: [String; 2],
        namespace: Option<Namespace>,
    ) -> Self {
        let mut server = Self {
            program: program.to_owned(),
            environment,
            plans,
            running: Vec::new(),
            site: Site::at(main),
            operations: Site::at(operations),
            _namespace: namespace,
        };
        server.start_again().await;
        server
    }

    /// Starts again on the same documents and ports after [`Self::kill`] or [`Self::stop`].
    pub async fn start_again(&mut self) {
        self.running.clear();
        for plan in &self.plans {
            self.running.push(Running::start(self.tool(plan)));
        }
        join_all(self.running.iter_mut().map(Running::greeting)).await;
        let root = self.site.root();
        eventually(START_LIMIT, async || {
            let health = root.try_send(http::Method::GET, "/health", None).await.ok()?;
            (health.status == 200).then_some(())
        })
        .await;
    }

    /// The executable with arguments of the test's own, e.g. `verify`, on the same documents.
    pub fn tool<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        SETTINGS_OF_OTHERS
            .iter()
            .for_each(|name| _ = command.env_remove(name));
        command
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("LOG", "warn")
            .kill_on_drop(true);
        command
    }

    /// Kills everything as a power cut would: no goodbye, no flush.
    pub async fn kill(&mut self) {
        for running in &mut self.running {
            running.child.start_kill().unwrap();
        }
        for running in &mut self.running {
            running.child.wait().await.unwrap();
        }
    }

    /// The id of the process that has the door.
    pub fn id(&self) -> u32 {
        let door = self.running.last().unwrap();
        door.child.id().expect("the process runs")
    }

    /// Asks every process to stop, as an operator does, the one with the door first, and waits until they have said
    /// goodbye.
    pub async fn stop(&mut self) {
        self.running.last_mut().unwrap().stop().await;
        let (_, others) = self.running.split_last_mut().unwrap();
        join_all(others.iter_mut().map(Running::stop)).await;
    }
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, output }
    }

    async fn greeting(&mut self) {
        let greeting = self.output.next_line().await.unwrap();
        assert!(greeting.is_some(), "a process ended at once");
    }

    async fn stop(&mut self) {
        let id = self.child.id().expect("the process runs").to_string();
        let asked = Command::new("kill").arg(id).status().await.unwrap();
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

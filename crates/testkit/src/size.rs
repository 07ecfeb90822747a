//! The size that Kugel is tested in: one process, or the mesh on real servers.
#![allow(
    clippy::disallowed_methods,
    reason = "what is tested, and on which servers, is told by the environment"
)]

use std::env;

use kugel_config::{Secret, Settings};

/// Chosen by `KUGEL_TEST_SIZE`: `single` (also without it) or `mesh`.
#[derive(Debug, Clone)]
pub enum Size {
    /// One process on files.
    Single,
    /// Gateway and seven services on these servers.
    Mesh(Servers),
}

/// Where the servers of the mesh are.
#[derive(Debug, Clone)]
pub struct Servers {
    /// The document store.
    pub mongodb: String,
    /// The state store.
    pub redis: String,
    /// The broker.
    pub amqp: String,
}

impl Size {
    /// What `KUGEL_TEST_SIZE` says. A mesh without its servers' addresses fails the test: who asks for it means it.
    pub fn chosen() -> Self {
        match env::var("KUGEL_TEST_SIZE").as_deref() {
            Err(_) | Ok("" | "single") => Self::Single,
            Ok("mesh") => Self::Mesh(Servers::of_the_environment()),
            Ok(other) => panic!("KUGEL_TEST_SIZE is `{other}`: choose single or mesh"),
        }
    }

    /// The servers, or nothing if one process is tested: then this says loudly that `test` concerns the mesh.
    pub fn of_the_mesh(test: &str) -> Option<Servers> {
        match Self::chosen() {
            Self::Mesh(servers) => Some(servers),
            Self::Single => {
                println!("\n*** SKIPPED: {test} concerns the mesh: KUGEL_TEST_SIZE=mesh\n");
                None
            }
        }
    }

    /// True if this test only speaks of the data folder of a single process, and then says loudly that the mesh has
    /// nothing to show here.
    pub fn has_no_folder(test: &str) -> bool {
        let is_mesh = matches!(Self::chosen(), Self::Mesh(_));
        if is_mesh {
            println!(
                "\n*** SKIPPED: {test} concerns the data folder of the single process; the mesh has none\n"
            );
        }
        is_mesh
    }
}

impl Servers {
    fn of_the_environment() -> Self {
        let address = |name: &str| {
            env::var(name).unwrap_or_else(|_| {
                panic!("KUGEL_TEST_SIZE is mesh: set {name}, e.g. by `eval \"$(make -s servers)\"`")
            })
        };
        Self {
            mongodb: address("MONGODB_URI"),
            redis: address("REDIS_URL"),
            amqp: address("AMQP_URL"),
        }
    }

    /// The settings that lead a process here.
    pub fn environment(&self) -> [(&'static str, &str); 3] {
        [
            ("MONGODB_URI", &self.mongodb),
            ("REDIS_URL", &self.redis),
            ("AMQP_URL", &self.amqp),
        ]
    }

    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.mongodb_uri = Some(Secret::new(&self.mongodb));
        settings.redis_url = Some(Secret::new(&self.redis));
        settings.amqp_url = Some(Secret::new(&self.amqp));
    }
}

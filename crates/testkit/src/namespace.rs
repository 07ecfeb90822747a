//! A test's own names on the servers of the mesh.

use std::thread;

use kugel_bus::RabbitBus;
use kugel_store::MongoStore;
use uuid::Uuid;

use crate::size::Servers;

/// What stands before the names of this test's databases, exchanges, queues and keys. Databases, exchanges and queues are
/// removed when this is dropped, also by a test that fails; what lies in Redis has a lifetime.
pub(crate) struct Namespace {
    name: String,
    servers: Servers,
}

impl Namespace {
    pub(crate) fn new(servers: Servers) -> Self {
        let mut name = format!("t{}", Uuid::new_v4().simple());
        name.truncate(9);
        Self {
            name: format!("{name}_"),
            servers,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    async fn remove(&self) {
        let (databases, queues) = tokio::join!(
            MongoStore::drop_namespace(&self.servers.mongodb, &self.name),
            RabbitBus::remove(&self.servers.amqp, &self.name)
        );
        if let Err(error) = databases {
            println!("the databases of {} stay: {error}", self.name);
        }
        if let Err(error) = queues {
            println!("the queues of {} stay: {error}", self.name);
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A runtime cannot wait within another one, so the removal has a thread of its own.
        thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(self.remove());
            });
        });
    }
}

//! What stands behind the ports, decided by settings alone.

use std::sync::Arc;

use kugel_bus::{Bus, InProcessBus, RabbitBus};
use kugel_config::Settings;
use kugel_error::{Error, codes};
use kugel_rpc::Dependency;
use kugel_state::{Guarded, MemoryState, RedisState, State};
use kugel_store::{DataDir, MongoStore, SqliteStore, Store, StoreError};

/// What a process that runs all services is called where one service has its name.
const WHOLE: &str = "all";

/// The adapters of this process.
pub(super) struct Backends {
    stores: Stores,
    pub(super) bus: Arc<dyn Bus>,
    has_broker: bool,
    pub(super) state: Arc<dyn State>,
    /// Redis itself: behind its breaker it would be left alone when it is asked whether it is back.
    redis: Option<Arc<dyn State>>,
}

/// Where services keep their documents.
enum Stores {
    Files(DataDir),
    /// The store of one service; the others share its connections.
    MongoDb(MongoStore),
}

/// The documents of one service.
pub(super) enum ServiceStore {
    File(SqliteStore),
    MongoDb(MongoStore),
}

/// A server that a service asks for before it begins to work.
pub(super) struct Server {
    pub(super) check: Dependency,
    /// True: the service waits for its first answer.
    pub(super) is_awaited: bool,
}

impl Backends {
    /// Opens what `settings` name. `own` is the service of a process that runs only one: its files lie apart, because a
    /// process locks its whole folder.
    pub(super) fn open(settings: &Settings, own: Option<&str>) -> anyhow::Result<Self> {
        let namespace = &settings.namespace;
        // What may be refused comes before what begins to work.
        let stores = Stores::open(settings, own)?;
        let redis: Option<Arc<dyn State>> = match &settings.redis_url {
            Some(url) => Some(Arc::new(RedisState::connect(url.reveal(), namespace)?)),
            None => None,
        };
        let bus: Arc<dyn Bus> = match &settings.amqp_url {
            Some(url) => {
                let name = format!("kugel {}", own.unwrap_or(WHOLE));
                Arc::new(RabbitBus::start(url.reveal(), namespace, &name)?)
            }
            None => Arc::new(InProcessBus::default()),
        };
        Ok(Self {
            stores,
            bus,
            has_broker: settings.amqp_url.is_some(),
            state: match &redis {
                Some(redis) => Arc::new(Guarded::new("redis", Arc::clone(redis))),
                None => Arc::new(MemoryState::default()),
            },
            redis,
        })
    }

    /// The documents that `settings` name, and nothing that anybody else hears of.
    pub(super) fn offline(settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self {
            stores: Stores::open(settings, None)?,
            bus: Arc::new(InProcessBus::default()),
            has_broker: false,
            state: Arc::new(MemoryState::default()),
            redis: None,
        })
    }

    /// The documents of a service.
    pub(super) fn store(&self, service: &'static str) -> Result<ServiceStore, StoreError> {
        match &self.stores {
            Stores::Files(folder) => SqliteStore::open(folder, service).map(ServiceStore::File),
            Stores::MongoDb(store) => Ok(ServiceStore::MongoDb(store.beside(service))),
        }
    }

    /// The data folder, if there is one.
    pub(super) fn folder(&self) -> Option<&DataDir> {
        match &self.stores {
            Stores::Files(folder) => Some(folder),
            Stores::MongoDb(_) => None,
        }
    }

    /// True if no server has to answer before a service can begin.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.stores, Stores::Files(_)) && !self.has_broker
    }

    /// What a service with this store leans on. The broker may go away for a while, since events wait in the outbox, and
    /// Redis holds nothing but copies.
    pub(super) fn servers(&self, store: &ServiceStore) -> Vec<Server> {
        let store = store.port();
        let mut servers = vec![Server {
            check: Dependency {
                name: "store",
                is_needed: true,
                ask: Arc::new(move || {
                    let store = Arc::clone(&store);
                    Box::pin(async move { store.ping().await.map_err(Error::from) })
                }),
            },
            is_awaited: true,
        }];
        if self.has_broker {
            let bus = Arc::clone(&self.bus);
            servers.push(Server {
                check: Dependency {
                    name: "bus",
                    is_needed: false,
                    ask: Arc::new(move || {
                        let bus = Arc::clone(&bus);
                        Box::pin(async move { bus.ping().await.map_err(silent) })
                    }),
                },
                is_awaited: true,
            });
        }
        if let Some(redis) = self.redis.clone() {
            servers.push(Server {
                check: Dependency {
                    name: "state",
                    is_needed: false,
                    ask: Arc::new(move || {
                        let redis = Arc::clone(&redis);
                        Box::pin(async move { redis.ping().await.map_err(silent) })
                    }),
                },
                is_awaited: false,
            });
        }
        servers
    }
}

/// A server that holds nothing of a service.
fn silent(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    codes::NEIGHBOUR_FAILED
        .error("it does not answer")
        .caused_by(error)
}

impl Stores {
    fn open(settings: &Settings, own: Option<&str>) -> anyhow::Result<Self> {
        if let Some(uri) = &settings.mongodb_uri {
            let store = MongoStore::connect(uri.reveal(), &settings.namespace, own.unwrap_or(WHOLE))?;
            return Ok(Self::MongoDb(store));
        }
        let folder = match own {
            Some(name) => settings.data_dir.join(format!("{name}-process")),
            None => settings.data_dir.clone(),
        };
        Ok(Self::Files(DataDir::open(folder)?))
    }
}

impl ServiceStore {
    /// The store as services see it.
    pub(super) fn port(&self) -> Arc<dyn Store> {
        match self {
            Self::File(store) => Arc::new(store.clone()),
            Self::MongoDb(store) => Arc::new(store.clone()),
        }
    }

    /// Waits for commits under way and lets go. Those under way in MongoDB end by themselves.
    pub(super) async fn close(&self) {
        match self {
            Self::File(store) => store.close().await,
            Self::MongoDb(_) => {}
        }
    }
}

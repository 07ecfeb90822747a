//! The keys that tokens are checked with.

use std::sync::Arc;

use kugel_auth::Tokens;
use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::key_service_server::KeyService;
use kugel_rpc::welcome;
use tonic::{Request, Response, Status};

use super::render;

/// Asks no use case: what it shows is the process's own, and in no document.
pub(crate) struct Keys(pub(crate) Arc<Tokens>);

#[tonic::async_trait]
impl KeyService for Keys {
    async fn get_signing_keys(
        &self,
        request: Request<pb::GetSigningKeysRequest>,
    ) -> Result<Response<pb::GetSigningKeysResponse>, Status> {
        welcome(request)?;
        let keys = self.0.public_keys();
        Ok(Response::new(pb::GetSigningKeysResponse {
            keys: keys.into_iter().map(render::signing_key).collect(),
        }))
    }
}

//! Generated clients and servers without a limit of their own.
//!
//! By default they refuse messages of more than 4 MiB, whatever the settings say. How large a request may be is checked
//! before it comes to generated code, and the answers of neighbours are what they are.

use bytes::Bytes;
use http_body::Body as HttpBody;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic_health::pb::health_server::HealthServer;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A generated client: `CartServiceClient::over(channel)` in place of `new`.
pub trait Client<T> {
    /// Calls over `channel`.
    fn over(channel: T) -> Self;
}

/// A generated server.
pub trait Server {
    /// Takes messages of any size.
    #[must_use]
    fn without_limit(self) -> Self;
}

impl<T> Server for HealthServer<T> {
    fn without_limit(self) -> Self {
        self.max_decoding_message_size(usize::MAX)
    }
}

macro_rules! implement {
    ($($client:ty, $server:ty;)*) => {$(
        impl<T> Client<T> for $client
        where
            T: GrpcService<Body, Error: Into<BoxError>>,
            T::ResponseBody: HttpBody<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static,
        {
            fn over(channel: T) -> Self {
                Self::new(channel).max_decoding_message_size(usize::MAX)
            }
        }

        impl<T> Server for $server {
            fn without_limit(self) -> Self {
                self.max_decoding_message_size(usize::MAX)
            }
        }
    )*};
}

kugel_proto::each_service!(implement);

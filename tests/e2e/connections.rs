//! Connections beyond what the port has room for.

use std::net::SocketAddr;
use std::time::Duration;

use kugel_testkit::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::shop::Shop;

const PATIENCE: Duration = Duration::from_secs(30);

/// A connection from another address of this machine.
async fn stranger(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    socket.connect(address).await.unwrap()
}

#[tokio::test]
async fn silent_sockets_leave_room_for_a_sale() {
    let world = World::start_with(|settings| settings.connection_limit = 100).await;
    let address = world.url().strip_prefix("http://").unwrap().parse().unwrap();
    let mut silent = Vec::new();
    for _ in 0..120 {
        silent.push(stranger(address).await);
    }
    // More than half of all is for nobody: the last ones are hung up on.
    let refused = async {
        let mut stream = stranger(address).await;
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: kugel\r\n\r\n").await;
        stream.read(&mut [0; 64]).await.unwrap_or(0)
    };
    assert_eq!(tokio::time::timeout(PATIENCE, refused).await, Ok(0));
    let shop = Shop::build(&world).await;
    shop.till.sell(&[("TEA", 2)]).await;
    drop(silent);
    world.finish().await;
}

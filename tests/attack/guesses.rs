//! Attacks on secrets, and on what it costs to check them.

use tokio::io::AsyncWriteExt as _;

use crate::attacks::{ask, post};
use crate::target::Target;

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";
const JSON: &str = "content-type: application/json\r\n";

fn login(username: &str, tenant: &str) -> Vec<u8> {
    let password: u64 = rand::random();
    let form = format!("username={username}&password={password}&client_id={tenant}");
    post("/api/v1/accounts/token", FORM, &form)
}

/// Logins of people nobody knows.
pub(crate) async fn logins(target: Target) {
    while target.goes_on() {
        let nobody = format!("nobody{}", rand::random::<u32>());
        ask(&target, &login(&nobody, &target.tenant)).await;
    }
}

/// The same, hung up on at once.
pub(crate) async fn hung_up(target: Target) {
    while target.goes_on() {
        let nobody = format!("nobody{}", rand::random::<u32>());
        if let Some(mut stream) = target.connect().await {
            target.count();
            let _ = stream.write_all(&login(&nobody, &target.tenant)).await;
        }
        tokio::task::yield_now().await;
    }
}

/// Guesses at the owner's password.
pub(crate) async fn passwords(target: Target) {
    while target.goes_on() {
        ask(&target, &login("owner", &target.tenant)).await;
    }
}

/// Guesses at a cashier's PIN, with the till's own token.
pub(crate) async fn pins(target: Target) {
    let path = format!("/api/v1/terminals/{}/sign-in", target.terminal);
    let headers = format!("{JSON}authorization: Bearer {}\r\n", target.token);
    while target.goes_on() {
        let pin = 1000 + rand::random::<u16>() % 9000;
        ask(
            &target,
            &post(&path, &headers, &format!(r#"{{"staffId":"31","pin":"{pin}"}}"#)),
        )
        .await;
    }
}

/// Invented keys, which nobody has.
pub(crate) async fn keys(target: Target) {
    while target.goes_on() {
        let headers = format!("{JSON}x-api-key: {:032x}\r\n", rand::random::<u128>());
        ask(&target, &post("/api/v1/auth/token", &headers, "")).await;
    }
}

//! The keys that tokens are signed with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kugel_testkit::{Door, World};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::accounts::members;

fn part(token: &str, place: usize) -> Value {
    let part = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(place).unwrap())
        .unwrap();
    serde_json::from_slice(&part).unwrap()
}

/// Whether a set of keys has the one that a token's header names, and the signature is that key's: RFC 7515, 7517, 8037.
fn is_signed_by(set: &Value, token: &str) -> bool {
    let header = part(token, 0);
    assert_eq!(header["alg"], "EdDSA");
    let keys = set["keys"].as_array().unwrap();
    let Some(key) = keys.iter().find(|key| key["kid"] == header["kid"]) else {
        return false;
    };
    let x = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, x)
        .verify(signed.as_bytes(), &signature)
        .is_ok()
}

#[tokio::test]
async fn the_published_keys_check_the_tokens_of_every_kind() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.till(1).await;
    let reply = world.root().get("/.well-known/jwks.json").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let set = reply.body;
    assert_eq!(members(&set), ["keys"]);
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 3);
    for key in keys {
        assert_eq!(members(key), ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(key["kty"], "OKP");
    }
    let service = world.tokens().service("cart", &tenant.id.parse().unwrap());
    for (token, audience) in [
        (&*tenant.token, "kugel:user"),
        (&till.token, "kugel:terminal"),
        (&service, "kugel:service"),
    ] {
        assert!(is_signed_by(&set, token), "{audience}");
        assert_eq!(part(token, 1)["aud"], audience);
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert!(!is_signed_by(&set, &format!("{signed}.{}", "A".repeat(86))));
    }
    for door in [Door::Native, Door::Web] {
        let grpc = world.grpc(door);
        let answer = grpc.call("account.v1.KeyService.GetSigningKeys", json!({})).await;
        assert_eq!(answer.unwrap(), set);
    }
    world
        .root()
        .post("/.well-known/jwks.json", json!({}))
        .await
        .refused(405, "100002");
}

use http::Method;
use prost_reflect::DescriptorPool;

use super::{Answer, Body, Lookup, Routes};
use crate::testing::sample_pool;

fn sample() -> Routes {
    Routes::read(&sample_pool()).unwrap()
}

fn contract() -> Routes {
    Routes::read(&DescriptorPool::decode(kugel_proto::DESCRIPTORS).unwrap()).unwrap()
}

#[track_caller]
fn found(routes: &Routes, verb: Method, path: &str, service: Option<&str>) -> Vec<String> {
    match routes.find(&verb, path, service) {
        Lookup::Found(bindings, _) => bindings
            .iter()
            .map(|binding| format!("{} {}", binding.service, binding.operation))
            .collect(),
        Lookup::WrongMethod(allowed) => panic!("{verb} {path}: only {allowed:?}"),
        Lookup::Unknown => panic!("{verb} {path}: unknown"),
    }
}

#[test]
fn bindings_say_where_body_and_answer_go() {
    let routes = sample();
    let binding = |operation: &str| {
        routes
            .bindings
            .iter()
            .find(|binding| binding.operation == operation)
            .unwrap()
    };
    assert_eq!(
        binding("get_thing").answer,
        Answer::Field {
            data: 0,
            metadata: None
        }
    );
    assert_eq!(
        binding("list_things").answer,
        Answer::Field {
            data: 0,
            metadata: Some(1)
        }
    );
    assert_eq!(binding("create_thing").body, Body::Field(0));
    assert_eq!(binding("create_thing").success, 201);
    assert_eq!(binding("add_things").answer, Answer::Message);
    assert_eq!(binding("delete_thing").answer, Answer::Empty);
    assert_eq!(binding("tell_token").answer, Answer::Bare);
    assert_eq!(binding("tell_token").body, Body::Whole);
    assert_eq!(binding("add_things").variables[0].len(), 2);
    let terminals = routes
        .bindings
        .iter()
        .find(|binding| binding.path.contains("terminals"))
        .unwrap();
    assert_eq!(terminals.terminal_variable, Some(0));
}

#[test]
fn a_wrong_method_is_told_from_a_wrong_path() {
    let routes = sample();
    assert_eq!(
        found(&routes, Method::GET, "/api/v1/things/a", None),
        ["sample get_thing"]
    );
    assert_eq!(
        found(&routes, Method::DELETE, "/api/v1/things/a/", None),
        ["sample delete_thing"]
    );
    let Lookup::WrongMethod(allowed) = routes.find(&Method::PATCH, "/api/v1/things/a", None) else {
        panic!()
    };
    assert_eq!(allowed, [Method::DELETE, Method::GET]);
    assert!(matches!(
        routes.find(&Method::GET, "/api/v1/nothings", None),
        Lookup::Unknown
    ));
    assert!(matches!(
        routes.find(&Method::GET, "/api/v1/things", Some("cart")),
        Lookup::Unknown
    ));
}

#[test]
fn a_shared_path_is_told_apart_by_service() {
    let routes = contract();
    assert_eq!(
        found(&routes, Method::POST, "/api/v1/tenants", None),
        ["terminal create_tenant"]
    );
    for service in ["cart", "journal", "master-data", "report", "stock"] {
        let operations = found(&routes, Method::POST, "/api/v1/tenants", Some(service));
        assert_eq!(operations.len(), 1, "{operations:?}");
        assert!(operations[0].starts_with(service), "{operations:?}");
    }
}

#[test]
fn fixed_words_win_over_item_codes() {
    let routes = contract();
    let stock = "/api/v1/tenants/T1000/stores/001/stock";
    assert_eq!(
        found(&routes, Method::GET, &format!("{stock}/low"), None),
        ["stock list_low_stocks"]
    );
    assert_eq!(
        found(&routes, Method::GET, &format!("{stock}/4901"), None),
        ["stock get_stock"]
    );
}

#[test]
fn every_method_of_the_contract_is_bound_or_says_why_not() {
    let routes = contract();
    let pool = DescriptorPool::decode(kugel_proto::DESCRIPTORS).unwrap();
    let rest = pool.get_extension_by_name("kugel.options.v1.rest").unwrap();
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        let options = method.options();
        let rest = options.get_extension(&rest);
        let reason = rest
            .as_message()
            .unwrap()
            .get_field_by_name("no_binding_reason")
            .unwrap();
        let bound = routes
            .bindings
            .iter()
            .any(|binding| binding.method.full_name() == method.full_name());
        assert_eq!(bound, reason.as_str() == Some(""), "{}", method.full_name());
    }
}

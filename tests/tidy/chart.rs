//! The chart speaks of the program that is there.

use kugel::process::{GATEWAY, mesh_port};

use crate::documents::settings;
use crate::tree::{files, none, read};

#[test]
fn the_chart_sets_only_settings_that_exist() {
    let settings = settings();
    let templates = files()
        .into_iter()
        .filter(|file| file.path.starts_with("k8s/templates/"));
    let mut findings = Vec::new();
    for file in templates {
        let names = file
            .text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- name: "));
        let variables = names.filter(|name| {
            name.bytes()
                .all(|letter| letter.is_ascii_uppercase() || letter == b'_')
        });
        findings.extend(
            variables
                .filter(|name| !settings.contains_key(*name))
                .map(|name| format!("{}: {name}", file.path)),
        );
    }
    let values = read("k8s/values.yaml");
    let block = values.split("\nsettings:").nth(1).unwrap();
    let given = block
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .map(|line| line.trim());
    let keys = given
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(':').next());
    findings.extend(
        keys.filter(|key| !settings.contains_key(*key))
            .map(|key| format!("values.yaml: {key}")),
    );
    none(findings, "a chart sets what the program knows");
}

#[test]
fn the_chart_probes_what_the_gateway_serves() {
    let templates = ["single", "mesh"].map(|size| read(&format!("k8s/templates/{size}.yaml")));
    let gateway = read("services/gateway/src/edge.rs");
    let probed: Vec<&str> = templates
        .iter()
        .flat_map(|template| template.lines())
        .filter_map(|line| line.trim().strip_prefix("path: "))
        .collect();
    assert!(!probed.is_empty(), "the chart probes nothing");
    for path in probed {
        assert!(
            gateway.contains(&format!("\"{path}\" => ")),
            "the gateway does not serve {path}"
        );
    }
}

#[test]
fn the_chart_runs_every_process_on_its_port() {
    let helpers = read("k8s/templates/_helpers.tpl");
    let ports = helpers.split("define \"kugel.ports\" -}}").nth(1).unwrap();
    let ports = ports.split("{{- end }}").next().unwrap();
    let values = read("k8s/values.yaml");
    let processes = values.split("\n  processes:\n").nth(1).unwrap();
    let mut processes: Vec<&str> = processes
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once(':'))
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with([' ', '#']))
        .collect();
    let position = processes.iter().position(|name| *name == GATEWAY);
    processes.remove(position.expect("the chart runs the gateway"));
    let expected: String = processes
        .iter()
        .map(|name| format!("{name}: {}\n", mesh_port(name).expect(name)))
        .collect();
    assert_eq!(ports.trim_start(), expected);
    assert_eq!(processes.len(), 7);
}

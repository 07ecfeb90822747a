//! The segment trie: from a path to the routes that stand there. A literal segment beats a variable one.

use std::collections::HashMap;

use super::template::{Segment, Template};

/// Maps paths to values. Several values may share a path.
#[derive(Debug)]
pub(crate) struct Trie<T> {
    nodes: Vec<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    literals: HashMap<Box<str>, usize>,
    variable: Option<usize>,
    /// Values whose path ends here.
    here: Vec<T>,
    /// Values that take everything below.
    below: Vec<T>,
}

/// The values at a path, and what the variables took, in order, as they stand in the path.
#[derive(Debug)]
pub(crate) struct Match<'t, 'p, T> {
    pub values: &'t [T],
    pub captures: Vec<&'p str>,
}

impl<T> Node<T> {
    fn new() -> Self {
        Self {
            literals: HashMap::new(),
            variable: None,
            here: Vec::new(),
            below: Vec::new(),
        }
    }
}

impl<T> Trie<T> {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::new()],
        }
    }

    /// Puts a value at a path, beside those that are there.
    pub(crate) fn insert(&mut self, template: &Template, value: T) {
        let mut at = 0;
        for segment in &template.segments {
            let next = self.nodes.len();
            at = match segment {
                Segment::Literal(text) => *self.nodes[at]
                    .literals
                    .entry(text.as_str().into())
                    .or_insert(next),
                Segment::Variable(_) => *self.nodes[at].variable.get_or_insert(next),
                Segment::Rest(_) => {
                    self.nodes[at].below.push(value);
                    return;
                }
            };
            if at == next {
                self.nodes.push(Node::new());
            }
        }
        self.nodes[at].here.push(value);
    }

    /// The first place, literals before variables, that `accept` takes. It is asked about every place that the path
    /// reaches, until it is content.
    pub(crate) fn find<'t, 'p>(
        &'t self,
        path: &'p str,
        mut accept: impl FnMut(&'t [T]) -> bool,
    ) -> Option<Match<'t, 'p, T>> {
        let path = path.strip_prefix('/')?;
        let mut captures = Vec::with_capacity(4);
        let values = self.descend(
            0,
            Some(path.strip_suffix('/').unwrap_or(path)),
            &mut captures,
            &mut accept,
        )?;
        Some(Match { values, captures })
    }

    fn descend<'t, 'p>(
        &'t self,
        at: usize,
        rest: Option<&'p str>,
        captures: &mut Vec<&'p str>,
        accept: &mut impl FnMut(&'t [T]) -> bool,
    ) -> Option<&'t [T]> {
        let node = &self.nodes[at];
        let Some(path) = rest else {
            return (!node.here.is_empty() && accept(&node.here)).then_some(&node.here[..]);
        };
        let (segment, below) = match path.split_once('/') {
            Some((segment, below)) => (segment, Some(below)),
            None => (path, None),
        };
        if let Some(child) = node.literals.get(segment)
            && let Some(values) = self.descend(*child, below, captures, accept)
        {
            return Some(values);
        }
        if let Some(child) = node.variable.filter(|_| !segment.is_empty()) {
            captures.push(segment);
            if let Some(values) = self.descend(child, below, captures, accept) {
                return Some(values);
            }
            captures.pop();
        }
        if !node.below.is_empty() && accept(&node.below) {
            captures.push(path);
            return Some(&node.below);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trie() -> Trie<&'static str> {
        let mut trie = Trie::new();
        for template in [
            "/stock",
            "/stock/low",
            "/stock/{item}",
            "/stock/{item}/history",
            "/{a}/low/{b}",
            "/files/{name=**}",
        ] {
            trie.insert(&Template::parse(template).unwrap(), template);
        }
        trie
    }

    #[track_caller]
    fn check(path: &str, expected: Option<(&str, &[&str])>) {
        let trie = trie();
        let found = trie.find(path, |_| true);
        let found = found.as_ref().map(|found| (found.values[0], &found.captures[..]));
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn literals_beat_variables_and_paths_must_fit_whole() {
        check("/stock", Some(("/stock", &[])));
        check("/stock/", Some(("/stock", &[])));
        check("/stock/low", Some(("/stock/low", &[])));
        check("/stock/4901", Some(("/stock/{item}", &["4901"])));
        check("/stock/4901/history", Some(("/stock/{item}/history", &["4901"])));
        check("/stock/low/history", Some(("/stock/{item}/history", &["low"])));
        check("/stock/low/other", Some(("/{a}/low/{b}", &["stock", "other"])));
        check("/files/a/b", Some(("/files/{name=**}", &["a/b"])));
        check("/stock//history", None);
        check("/stock/a/b/c", None);
        check("/", None);
        check("", None);
        check("*", None);
    }

    #[test]
    fn a_refused_place_leads_to_the_next() {
        let trie = trie();
        let found = trie
            .find("/stock/low", |values| values[0] != "/stock/low")
            .unwrap();
        assert_eq!(
            (found.values, &found.captures[..]),
            (&["/stock/{item}"][..], &["low"][..])
        );
    }
}

//! The REST routes, as the descriptors' `google.api.http` options state them.

mod binding;
mod template;
#[cfg(test)]
mod tests;
mod trie;

use http::Method;
use prost_reflect::DescriptorPool;

pub(crate) use binding::{Answer, Binding, Body, chain, short_name};
pub(crate) use template::Segment;

use crate::schema::Schema;
use trie::Trie;

/// All routes of all services.
pub(crate) struct Routes {
    pub bindings: Vec<Binding>,
    pub schema: Schema,
    trie: Trie<usize>,
}

/// The service whose REST paths stand for every service's where they share one: its call reaches the others itself.
pub(crate) const FANS_OUT: &str = "terminal";

/// What stands at a path.
pub(crate) enum Lookup<'r, 'p> {
    /// The routes to call, at least one, and what the path's variables took.
    Found(Vec<&'r Binding>, Vec<&'p str>),
    /// The path is known, but not with this method; these are.
    WrongMethod(Vec<Method>),
    Unknown,
}

impl Routes {
    /// Reads the routes of every service in the pool.
    pub(crate) fn read(pool: &DescriptorPool) -> Result<Self, String> {
        let mut routes = Self {
            bindings: Vec::new(),
            schema: Schema::default(),
            trie: Trie::new(),
        };
        for service in pool.services() {
            for method in service.methods() {
                for binding in binding::of_method(&method, &mut routes.schema)? {
                    routes.add(binding)?;
                }
            }
        }
        Ok(routes)
    }

    fn add(&mut self, binding: Binding) -> Result<(), String> {
        let clash = self.bindings.iter().find(|known| {
            known.service == binding.service
                && known.verb == binding.verb
                && known.template.segments.len() == binding.template.segments.len()
                && std::iter::zip(&known.template.segments, &binding.template.segments).all(|pair| match pair
                {
                    (Segment::Literal(left), Segment::Literal(right)) => left == right,
                    (Segment::Literal(_), _) | (_, Segment::Literal(_)) => false,
                    _ => true,
                })
        });
        if let Some(known) = clash {
            return Err(format!(
                "{} and {} claim the same {} path {}",
                known.grpc_path, binding.grpc_path, binding.verb, binding.path
            ));
        }
        self.trie.insert(&binding.template, self.bindings.len());
        self.bindings.push(binding);
        Ok(())
    }

    /// Finds the routes of a request, of one service's if the client named one.
    pub(crate) fn find<'r, 'p>(
        &'r self,
        verb: &Method,
        path: &'p str,
        service: Option<&str>,
    ) -> Lookup<'r, 'p> {
        let mut allowed = Vec::new();
        let wanted = |index: &usize| service.is_none_or(|name| self.bindings[*index].service == name);
        let found = self.trie.find(path, |values| {
            let mut verbs = values
                .iter()
                .filter(|index| wanted(index))
                .map(|index| &self.bindings[*index].verb);
            let fits = verbs.clone().any(|known| known == verb);
            allowed.extend(verbs.by_ref().cloned());
            fits
        });
        let Some(found) = found else {
            allowed.sort_by(|left, right| left.as_str().cmp(right.as_str()));
            allowed.dedup();
            return if allowed.is_empty() {
                Lookup::Unknown
            } else {
                Lookup::WrongMethod(allowed)
            };
        };
        let fitting = found
            .values
            .iter()
            .filter(|index| wanted(index))
            .map(|index| &self.bindings[*index]);
        let mut bindings: Vec<&Binding> = fitting.filter(|binding| binding.verb == *verb).collect();
        if let Some(one) = bindings
            .iter()
            .position(|binding| bindings.len() > 1 && binding.service == FANS_OUT)
        {
            bindings = vec![bindings[one]];
        }
        Lookup::Found(bindings, found.captures)
    }
}

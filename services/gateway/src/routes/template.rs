//! Path templates of `google.api.http`: `/api/v1/carts/{cart_id}/lineItems/{line_no}`.

/// A template, cut into segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub segments: Vec<Segment>,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    /// Takes one segment into the field of this path.
    Variable(String),
    /// Takes all that is left of the path into the field of this path.
    Rest(String),
}

impl Template {
    /// Reads a template. Verbs (`:cancel`) and patterns inside a variable are not used by Kugel's contract and refused.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("path template `{text}`: {why}"));
        let Some(path) = text.strip_prefix('/') else {
            return refuse("must begin with a slash");
        };
        let mut segments = Vec::new();
        for part in path.split('/') {
            if matches!(segments.last(), Some(Segment::Rest(_))) {
                return refuse("`**` must be the last segment");
            }
            let variable = part.strip_prefix('{').map(|inner| inner.strip_suffix('}'));
            segments.push(match variable {
                None if part.is_empty() => return refuse("has an empty segment"),
                None if part.contains([':', '*', '{', '}']) => {
                    return refuse("only literals and {variables} are known");
                }
                None => Segment::Literal(part.to_owned()),
                Some(None) => return refuse("a brace is not closed"),
                Some(Some(inner)) => {
                    let (field, pattern) = inner.split_once('=').unwrap_or((inner, "*"));
                    let named = !field.is_empty()
                        && field
                            .bytes()
                            .all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
                    match pattern {
                        _ if !named => return refuse("a variable needs the name of a field"),
                        "*" => Segment::Variable(field.to_owned()),
                        "**" => Segment::Rest(field.to_owned()),
                        _ => return refuse("a variable takes `*` or `**`"),
                    }
                }
            });
        }
        Ok(Self { segments })
    }

    /// The fields that the path names, in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Variable(field) | Segment::Rest(field) => Some(field.as_str()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let parse = |text| Template::parse(text).map(|template| template.segments);
        let literal = |text: &str| Segment::Literal(text.to_owned());
        assert_eq!(parse("/health"), Ok(vec![literal("health")]));
        assert_eq!(
            parse("/v1/{a}/x/{b.c}/{d=**}"),
            Ok(vec![
                literal("v1"),
                Segment::Variable("a".to_owned()),
                literal("x"),
                Segment::Variable("b.c".to_owned()),
                Segment::Rest("d".to_owned()),
            ])
        );
        assert_eq!(parse("/{a=*}"), Ok(vec![Segment::Variable("a".to_owned())]));
        for (text, why) in [
            ("v1", "slash"),
            ("/v1//x", "empty"),
            ("/v1/{a", "closed"),
            ("/v1/{}", "name"),
            ("/v1/{a b}", "name"),
            ("/v1/{a=x/*}", "closed"),
            ("/v1/{a=b}", "takes"),
            ("/v1/{a=**}/x", "last"),
            ("/v1/a:cancel", "literals"),
            ("/v1/*", "literals"),
        ] {
            let message = parse(text).expect_err(text);
            assert!(message.contains(why), "{text}: {message}");
        }
    }
}

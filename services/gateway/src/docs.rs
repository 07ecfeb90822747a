//! The API page at `/docs`, with all its assets inside the executable.

use std::sync::Arc;

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use utoipa_swagger_ui::Config;

/// Serves the page or one of its files by what follows `/docs`; `None` if there is no such file.
pub(crate) fn serve(path: &str) -> Option<Response<Body>> {
    if path.is_empty() {
        // The page names its files relatively, so it needs the slash.
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response
            .headers_mut()
            .insert(LOCATION, HeaderValue::from_static("/docs/"));
        return Some(response);
    }
    let file = path.strip_prefix('/')?;
    let config = Config::from("/openapi.json")
        .persist_authorization(true)
        .filter(true)
        .doc_expansion("none");
    let file = utoipa_swagger_ui::serve(file, Arc::new(config)).ok()??;
    let mut response = Response::new(Body::from(file.bytes.into_owned()));
    let content_type = HeaderValue::from_str(&file.content_type).ok()?;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_its_assets_are_here() {
        assert_eq!(serve("").unwrap().status(), StatusCode::PERMANENT_REDIRECT);
        for (file, kind) in [
            ("/", "text/html"),
            ("/swagger-ui-bundle.js", "text/javascript"),
            ("/swagger-ui.css", "text/css"),
        ] {
            let response = serve(file).unwrap();
            assert!(
                response.headers()[CONTENT_TYPE]
                    .to_str()
                    .unwrap()
                    .starts_with(kind),
                "{file}"
            );
        }
        assert!(serve("/none.js").is_none());
        assert!(serve("x").is_none());
    }
}

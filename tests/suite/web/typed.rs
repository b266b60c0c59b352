//! Everything that people type is text, on whatever page it comes back.

use std::time::Duration;

use bakuhantam::web::routes::table;
use hyper::Method;
use serde_json::json;

use super::plans::{address_of, wants_json};
use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::staff::Staff;
use crate::harness::viewers::Viewer;

/// Ends an element, a script, an attribute and a JSON string.
const NASTY: &str = "</title></script><img src=x onerror=alert(7)>'\"&";
/// What must never stand in a page as it is.
const RAW: [&str; 2] = ["<img src=x", "</title></script>"];

fn is_text(page: &Answer, of: &str) {
    for raw in RAW {
        assert!(!page.text().contains(raw), "{of}: {raw} stands there as it was typed");
    }
}

#[tokio::test]
async fn whatever_is_typed_is_text_on_every_page_for_everyone() {
    let quoted = format!("'''{}'''", NASTY.replace('\'', "`"));
    let mut server = night::prepare("");
    let mut night = night::night();
    for name in ["Island Fight", "Ari Wijaya", "Bantamweight", "Ronde tambahan", "Siapa menang?"] {
        let word = format!("\"{name}\"");
        assert!(night.contains(&word), "{name} stands in the night");
        night = night.replace(&word, &quoted);
    }
    let file = server.folder().join("nasty.toml");
    std::fs::write(&file, night).expect("a file");
    server.cli_ok(&["apply", file.to_str().expect("UTF-8")]);
    server.serve().await;
    let viewer = Viewer::register(&server, 1).await;
    let named = viewer.post("/api/v1/account/name", "", &json!({"name": "<img src=x onerror=alert(7)>"})).await;
    assert_eq!(named.status, 204, "{}", named.text());
    server.cli_ok(&["coins", "grant", "--phone", &viewer.phone, "--coins", "900", "--reason", NASTY]);
    let given = json!({"coins": 500, "message": "<img src=x onerror=alert(7)>"});
    let given = viewer.post("/api/v1/events/island-fight/supports", "k1", &given).await;
    assert_eq!(given.status, 200, "{}", given.text());
    night::event_that(&server, "island-fight", "the night", Duration::from_secs(10), |event| {
        event["fights"].is_array()
    })
    .await;
    let owner = Staff::make_named(&server, "owner", 1, "<img src=x onerror=alert(7)>").signed_in(&server).await;

    let (mut pages, mut seen) = (0, 0);
    for entry in table().into_iter().filter(|entry| entry.method == "GET" && !wants_json(entry.path)) {
        let url = address_of(&server, &entry, "missing.css");
        for (who, cookie) in
            [("nobody", ""), ("the viewer", viewer.cookie.as_str()), ("the owner", owner.cookie.as_str())]
        {
            let page = http::send(Method::GET, &url, &[("cookie", cookie)], "").await;
            if !page.header("content-type").starts_with("text/html") {
                continue;
            }
            let of = format!("{} for {who}", entry.path);
            is_text(&page, &of);
            pages += 1;
            let has = page.text().contains("onerror=alert(7)");
            let must = [("/admin/audit", "the owner"), ("/watch/{slug}", "nobody"), ("/account", "the viewer")];
            assert!(has || !must.contains(&(entry.path, who)), "{of}: what was typed is missing");
            seen += usize::from(has);
        }
    }
    assert!(pages > 30 && seen > 5, "{pages} pages, {seen} with what was typed");
}

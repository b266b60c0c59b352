//! `doctor` in front of the stand-in.

use crate::harness::doku::{DokuFault, DokuServer};
use crate::harness::server::TestServer;

/// The line of the payment provider, by the real binary.
fn line(server: &TestServer) -> String {
    let done = server.cli(&["doctor"]);
    let out = String::from_utf8(done.stdout).expect("UTF-8");
    let found = out.lines().find(|line| line.get(9..).is_some_and(|rest| rest.starts_with("payment provider")));
    found.unwrap_or_else(|| panic!("{out}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_whether_the_provider_takes_the_credentials() {
    let doku = DokuServer::start();
    let server = TestServer::prepare(&doku.config());
    assert!(line(&server).starts_with("ok "), "{}", line(&server));
    assert!(doku.asked().iter().all(|asked| asked.method == "GET"), "nothing is made");

    let wrong = TestServer::prepare(&doku.config().replace("SK-self", "SK-hush"));
    let said = line(&wrong);
    assert!(said.starts_with("failing") && said.contains("invalid_signature"), "{said}");
    assert!(said.contains("copy payments.doku.client_id and secret_key again"), "{said}");
    assert!(!said.contains("hush"), "{said}");

    let stranger = TestServer::prepare(&doku.config().replace("BRN-0200", "BRN-0201"));
    assert!(line(&stranger).contains("invalid_client_id"), "{}", line(&stranger));

    doku.plan(|_, _| Some(DokuFault::Answer(404, "<html>a web server</html>")));
    assert!(line(&server).starts_with("warning"), "{}", line(&server));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_warns_of_the_sandbox_and_is_content_when_nothing_is_sold() {
    let sandbox = line(&TestServer::prepare(""));
    assert!(sandbox.starts_with("warning") && sandbox.contains("gives coins to everyone"), "{sandbox}");
    assert!(line(&TestServer::prepare("[payments]\ngateway = \"none\"")).starts_with("ok "));
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let config = DokuServer::start().config();
    let base = config.lines().find(|line| line.starts_with("base_url")).expect("an address");
    let away = config.replace(base, &format!("base_url = \"http://{gone}\""));
    let said = line(&TestServer::prepare(&away));
    assert!(said.starts_with("failing") && said.contains("does not answer"), "{said}");
}

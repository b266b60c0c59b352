//! A stand-in for DOKU Checkout: makes checkouts, tells how orders stand, and sends signed notices, as its documents and
//! public captures of live messages have it. It signs by code of its own, so that both sides cannot be wrong alike.

pub mod notice;
pub mod signing;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bakuhantam::clock::{Clock as _, SystemClock};
use bytes::Bytes;
use serde_json::{Value, json};

use signing::{CLIENT_ID, SECRET, written};

/// What goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DokuFault {
    /// Nothing is made; never answered.
    Stall,
    /// Done, but never answered.
    ReplyLost,
    /// Nothing is made; answered with this status and body.
    Answer(u16, &'static str),
    /// Done; the pay page is at this address.
    PayUrl(String),
    /// Done; answered as before `expired_datetime` was added.
    OldShape,
    /// Done; neither time is told.
    NoTimes,
    /// Done; the end is told in the time of a zone so many hours ahead.
    OtherZone(i64),
    /// Done; the answer's signature is wrong.
    BadSignature,
    /// Done; the answer is about this order.
    OtherOrder(&'static str),
    /// Done; the answer goes on and on.
    Endless,
}

/// One request that came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub request_id: String,
    pub timestamp: String,
    pub body: Bytes,
    /// What it was answered with; 0 while it is not.
    pub status: u16,
}

/// A checkout made here.
#[derive(Clone, Debug)]
struct Made {
    request_id: String,
    request: Bytes,
    answer: String,
    amount: i64,
    /// `transaction.status` and `order.status`; `None`: no channel was chosen, so the order is not found.
    status: Option<(String, Option<&'static str>)>,
    channel: &'static str,
}

type Plan = Box<dyn FnMut(&Asked, usize) -> Option<DokuFault> + Send>;

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    /// By invoice.
    made: HashMap<String, Made>,
    plan: Option<Plan>,
}

struct Shared {
    address: SocketAddr,
    state: Mutex<State>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stand-in; stops with the test process.
pub struct DokuServer {
    shared: Arc<Shared>,
}

impl DokuServer {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { address, state: Mutex::default() });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(web::Data::from(Arc::clone(&serving)))
                        .route("/checkout/v1/payment", web::post().to(create))
                        .route("/orders/v1/status/{invoice}", web::get().to(status))
                        .default_service(web::to(nothing))
                })
                .workers(1)
                .disable_signals()
                .listen(listener)
                .expect("a listener");
                server.run().await.expect("the stand-in runs");
            });
        });
        Self { shared }
    }

    /// `payments.doku.base_url`
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// The settings that make a server sell through this.
    pub fn config(&self) -> String {
        format!(
            "[payments]\ngateway = \"doku\"\n[payments.doku]\nbase_url = \"{}\"\nclient_id = \"{CLIENT_ID}\"\n\
             secret_key = \"{SECRET}\"\n",
            self.url()
        )
    }

    /// Asked for each request, with its number from 0.
    pub fn plan(&self, plan: impl FnMut(&Asked, usize) -> Option<DokuFault> + Send + 'static) {
        self.shared.state().plan = Some(Box::new(plan));
    }

    /// No faults any more.
    pub fn heal(&self) {
        self.shared.state().plan = None;
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.state().asked.clone()
    }

    /// How many checkouts stand.
    pub fn checkouts(&self) -> usize {
        self.shared.state().made.len()
    }

    /// The body of the request that made a checkout.
    pub fn find_request(&self, invoice: &str) -> Option<Value> {
        let state = self.shared.state();
        let made = state.made.get(invoice)?;
        Some(serde_json::from_slice(&made.request).expect("JSON"))
    }

    /// From now on check-status says this of an order: `transaction.status`, such as `SUCCESS`.
    pub fn tell(&self, invoice: &str, word: &str) {
        self.tell_with(invoice, word, None);
    }

    /// [`DokuServer::tell`] with `order.status`, such as `ORDER_EXPIRED`.
    pub fn tell_with(&self, invoice: &str, word: &str, order: Option<&'static str>) {
        let mut state = self.shared.state();
        let made = state.made.get_mut(invoice).expect("a checkout of that name");
        made.status = Some((word.to_owned(), order));
    }

    /// From now on check-status knows an order that was never made here, at this amount.
    pub fn invent(&self, invoice: &str, amount: i64, word: &str) {
        let made = Made {
            request_id: String::new(),
            request: Bytes::from_static(b"{}"),
            answer: String::new(),
            amount,
            status: Some((word.to_owned(), None)),
            channel: "QRIS_DOKU",
        };
        self.shared.state().made.insert(invoice.to_owned(), made);
    }
}

/// Notes a request and asks what goes wrong with it.
fn note(shared: &Shared, request: &HttpRequest, body: &Bytes) -> (usize, Option<DokuFault>) {
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let asked = Asked {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        request_id: header("request-id"),
        timestamp: header("request-timestamp"),
        body: body.clone(),
        status: 0,
    };
    let mut state = shared.state();
    let number = state.asked.len();
    let fault = state.plan.as_mut().and_then(|plan| plan(&asked, number));
    state.asked.push(asked);
    (number, fault)
}

async fn answer(
    shared: &Shared,
    request: &HttpRequest,
    (number, fault): (usize, Option<DokuFault>),
    (status, body): (u16, String),
) -> HttpResponse {
    match &fault {
        Some(DokuFault::ReplyLost) => std::future::pending().await,
        Some(DokuFault::Endless) => {
            let more = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 4096])));
            return HttpResponse::Ok().streaming(more);
        }
        _ => {}
    }
    shared.state().asked[number].status = status;
    let mut response = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
    let now = written(SystemClock.now());
    let request_id = request.headers().get("request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let signature =
        signing::sign("Response-Timestamp", CLIENT_ID, request_id, &now, request.path(), Some(body.as_bytes()));
    let signature = if fault == Some(DokuFault::BadSignature) { "HMACSHA256=AAAA".to_owned() } else { signature };
    for (name, value) in
        [("Client-Id", CLIENT_ID), ("Request-Id", request_id), ("Response-Timestamp", &now), ("Signature", &signature)]
    {
        response.insert_header((name, value));
    }
    response.content_type("application/json").body(body)
}

async fn create(request: HttpRequest, body: Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let (number, fault) = note(&shared, &request, &body);
    match &fault {
        Some(DokuFault::Stall) => std::future::pending().await,
        Some(DokuFault::Answer(status, text)) => {
            let said = (*status, (*text).to_owned());
            return answer(&shared, &request, (number, fault), said).await;
        }
        _ => {}
    }
    let said = match signing::refuse(&request, Some(&body)) {
        Some(refusal) => refusal,
        None => make(&shared, &request, &body, fault.as_ref()),
    };
    answer(&shared, &request, (number, fault), said).await
}

/// Makes a checkout, or answers again what the same Request-Id was answered with.
fn make(shared: &Shared, request: &HttpRequest, body: &Bytes, fault: Option<&DokuFault>) -> (u16, String) {
    let request_id = request.headers().get("request-id").and_then(|id| id.to_str().ok()).expect("checked");
    let Ok(said) = serde_json::from_slice::<Value>(body) else {
        return (400, json!({"message": ["Invalid JSON"]}).to_string());
    };
    if !signing::keeps_to_the_characters(&said) {
        let words = "Invalid character, allowed only a-z A-Z 0-9 . - / + , = _ : ' @ % ( )";
        return (400, json!({ "message": [words] }).to_string());
    }
    let invoice = said["order"]["invoice_number"].as_str().unwrap_or_default().to_owned();
    let amount = said["order"]["amount"].as_i64().unwrap_or_default();
    let minutes = said["payment"]["payment_due_date"].as_i64().unwrap_or(60);
    let mut missing = Vec::new();
    if invoice.is_empty() || invoice.len() > 30 {
        missing.push("order.invoice_number must be filled");
    }
    if amount <= 0 {
        missing.push("order.amount must greater than 0");
    }
    if !missing.is_empty() {
        return (400, json!({ "error_messages": missing }).to_string());
    }
    let mut state = shared.state();
    if let Some(made) = state.made.get(&invoice) {
        return if made.request_id == request_id && made.request == body {
            (409, made.answer.clone())
        } else {
            (400, json!({"message": ["order.invoice_number has been used"]}).to_string())
        };
    }
    let token = format!("{:048}", state.made.len() + 1);
    let url = match fault {
        Some(DokuFault::PayUrl(url)) => url.clone(),
        _ => format!("http://{}/checkout-link-v2/{token}", shared.address),
    };
    let told = if let Some(DokuFault::OtherOrder(other)) = fault { *other } else { invoice.as_str() };
    let text = checkout_answer(&said, told, (amount, minutes), &url, fault);
    let made = Made {
        request_id: request_id.to_owned(),
        request: body.clone(),
        answer: text.clone(),
        amount,
        status: None,
        channel: "QRIS_DOKU",
    };
    state.made.insert(invoice, made);
    (200, text)
}

/// The live shape: pretty-printed, the amount as text, `uuid` a bare number of 40 digits.
fn checkout_answer(
    said: &Value,
    invoice: &str,
    (amount, minutes): (i64, i64),
    url: &str,
    fault: Option<&DokuFault>,
) -> String {
    let hours = if let Some(DokuFault::OtherZone(hours)) = fault { *hours } else { 0 };
    let end = SystemClock.now().plus_ms((minutes + hours * 60) * 60_000);
    let wib = written(end.plus_ms(7 * 3_600_000)).replace(['-', 'T', ':', 'Z'], "");
    let mut payment = json!({
        "payment_method_types": ["QRIS", "VIRTUAL_ACCOUNT_BCA"], "payment_due_date": minutes,
        "token_id": "f03a", "url": url, "expired_date": wib, "expired_datetime": written(end),
    });
    let gone: &[&str] = match fault {
        Some(DokuFault::OldShape) => &["expired_datetime"],
        Some(DokuFault::NoTimes) => &["expired_datetime", "expired_date"],
        _ => &[],
    };
    for name in gone {
        payment.as_object_mut().expect("an object").remove(*name);
    }
    let answer = json!({"message": ["SUCCESS"], "response": {
        "order": {"amount": amount.to_string(), "invoice_number": invoice, "session_id": "f03a", "currency": "IDR"},
        "payment": payment,
        "customer": said["customer"],
        "additional_info": {"origin": {"product": "CHECKOUT", "system": "mid-jokul-checkout-system"}},
        "uuid": 0,
        "headers": {"request_id": "x", "signature": "HMACSHA256=x", "client_id": CLIENT_ID},
    }});
    let text = serde_json::to_string_pretty(&answer).expect("JSON");
    text.replace("\"uuid\": 0", "\"uuid\" : 2225251204135732700107182560247753618523")
}

async fn status(request: HttpRequest, invoice: web::Path<String>, shared: web::Data<Shared>) -> HttpResponse {
    let (number, fault) = note(&shared, &request, &Bytes::new());
    let invoice = invoice.into_inner();
    match &fault {
        Some(DokuFault::Stall) => std::future::pending().await,
        Some(DokuFault::Answer(status, text)) => {
            let said = (*status, (*text).to_owned());
            return answer(&shared, &request, (number, fault), said).await;
        }
        _ => {}
    }
    let said = signing::refuse(&request, None).unwrap_or_else(|| {
        let state = shared.state();
        let known = state.made.get(&invoice).and_then(|made| Some((made, made.status.clone()?)));
        let Some((made, (word, order_word))) = known else {
            let words =
                json!({"error": {"code": "not_found", "message": "Order not found", "type": "invalid_request_error"}});
            return (404, words.to_string());
        };
        let told = if let Some(DokuFault::OtherOrder(other)) = &fault { *other } else { invoice.as_str() };
        let mut body = json!({
            "order": {"invoice_number": told, "amount": made.amount},
            "transaction": {"status": word, "date": written(SystemClock.now()), "original_request_id": made.request_id},
            "service": {"id": "QRIS"}, "acquirer": {"id": "DOKU"}, "channel": {"id": made.channel},
        });
        if let Some(order_word) = order_word {
            body["order"]["status"] = json!(order_word);
        }
        if word.is_empty() {
            // Nobody has chosen a channel.
            for name in ["transaction", "service", "acquirer", "channel"] {
                body[name] = Value::Null;
            }
        }
        (200, body.to_string())
    });
    answer(&shared, &request, (number, fault), said).await
}

async fn nothing() -> HttpResponse {
    HttpResponse::NotFound().body("<html>no such page</html>")
}

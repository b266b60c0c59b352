use std::sync::Arc;

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use actix_web::{HttpResponse, web};
use proptest::prelude::*;

use super::*;
use tokio_util::sync::CancellationToken;

use crate::accounts::{self, Accounts};
use crate::clock::{ManualClock, Micros, SharedClock};
use crate::config::{Config, Language, Secret, SecretKey};
use crate::events::{
    FightFacts, FightStatus, FighterFacts, MilestoneFacts, Mirror, PollFacts, PollOptionFacts, RecordedStream,
};
use crate::flows::{Crowd, CrowdParts, Till, TillParts};
use crate::ids::{Epoch, EventSlug, KeyId, RowId, SharedRandom, SystemRandom};
use crate::money::Coins;
use crate::playback::{self, Gate};
use crate::store::Store;
use crate::stream::facts::{ContentKey, KeySource, StreamReport, StreamStatus};
use crate::superchat::Rules;
use crate::web::csrf::FormTokens;
use crate::web::error::Problem;
use crate::web::i18n::Words;

/// 5 December 2026, 19.00 in Jakarta.
const NIGHT: Micros = Micros(1_796_472_000_000_000);

fn id() -> RowId {
    RowId::new(NIGHT, &SystemRandom::default())
}

fn fight(number: i32, red: &str, blue: &str, status: FightStatus) -> FightFacts {
    FightFacts {
        id: id(),
        number,
        title: "Bantamweight".into(),
        red: FighterFacts { id: id(), name: red.into() },
        blue: FighterFacts { id: id(), name: blue.into() },
        price_coins: Coins(1_500),
        status,
    }
}

fn event(slug: &str, status: EventStatus) -> EventFacts {
    EventFacts {
        id: id(),
        slug: slug.parse().unwrap(),
        title: format!("Night of {slug}"),
        status,
        starts_at: NIGHT,
        pass_price_coins: Coins(0),
        stream_key_mac: String::new(),
        epoch: Epoch::new(&SystemRandom::default()),
        interrupted: false,
        on_air_fight: None,
        stream: RecordedStream::default(),
        fights: vec![
            fight(1, "Ari <Wijaya>", "Budi", FightStatus::Ended),
            fight(2, "Citra", "Dewi", FightStatus::Live),
        ],
        milestones: vec![MilestoneFacts { id: id(), coins: Coins(2_500), title: "Ronde tambahan".into() }],
        polls: vec![poll("open", "Siapa menang?"), poll("draft", "Rahasia?")],
        secret_sealed: None,
        overlay_key_mac: None,
        replay_days: 0,
        air_ranges: Vec::new(),
        hidden: Vec::new(),
        trims: Vec::new(),
    }
}

fn poll(status: &str, question: &str) -> PollFacts {
    PollFacts {
        id: id(),
        code: status.into(),
        question: question.into(),
        status: status.into(),
        coins_per_vote: Coins(1),
        max_votes_per_viewer: 10,
        options: vec![PollOptionFacts { id: id(), label: "</script><b>Ari".into() }],
    }
}

#[derive(Debug)]
struct NoKeys;

impl KeySource for NoKeys {
    fn content_key(&self, _: &EventSlug, _: &KeyId) -> Option<ContentKey> {
        None
    }
}

fn site(events: Vec<EventFacts>) -> web::Data<Site> {
    let folder = tempfile::tempdir().unwrap().keep();
    let mirror = Mirror::open(folder.join("mirror.json"));
    mirror.replace(events);
    // Nothing is there: pages of signed-out viewers must not ask it.
    let database = crate::config::Database { url: Secret::new("sqlite:///nowhere/at/all.db"), pool_size: 1 };
    let store = Store::open(&database).unwrap();
    let (clock, random): (SharedClock, SharedRandom) =
        (Arc::new(ManualClock::at(NIGHT)), Arc::new(SystemRandom::default()));
    let secret = SecretKey::new([7; 32]);
    let mirror = Arc::new(mirror);
    let accounts = Accounts::new(accounts::Parts {
        store: store.clone(),
        clock: clock.clone(),
        random: random.clone(),
        secret: secret.clone(),
    });
    web::Data::new(Site {
        config: Arc::new(Config::default()),
        gate: Gate::new(playback::Parts {
            store: store.clone(),
            clock: clock.clone(),
            accounts: accounts.clone(),
            mirror: mirror.clone(),
            keys: Arc::new(NoKeys),
            config: Config::default().playback,
        }),
        beacons: Arc::default(),
        overlay_keys: crate::events::OverlayKeyCodes::new(&secret),
        presence: crate::cluster::presence::Presence::new(RowId::new(clock.now(), random.as_ref()), "a".to_owned()),
        turnstile: Arc::default(),
        polls: crate::polls::Board::new(&store),
        accounts,
        crowd: Crowd::new(CrowdParts {
            store: store.clone(),
            clock: clock.clone(),
            random: random.clone(),
            rules: Rules::open(&Config::default().superchat).unwrap(),
        }),
        till: Till::new(TillParts {
            store,
            clock,
            random,
            provider: None,
            order_ttl_minutes: 60,
            site_url: String::new(),
        }),
        shelf: Arc::default(),
        sandbox: None,
        forms: FormTokens::new(&secret),
        mirror,
        hub: Arc::default(),
        clock: Arc::new(ManualClock::at(NIGHT.plus_ms(-86_400_000))),
        streams: Arc::default(),
        pages: Arc::default(),
        draining: CancellationToken::default(),
    })
}

fn report(site: &Site, slug: &str, status: StreamStatus) {
    let epoch = Some(Epoch::new(&SystemRandom::default()));
    site.streams.set(&slug.parse().unwrap(), StreamReport { status, epoch, since: NIGHT, replays: Vec::new() });
}

async fn text(answer: HttpResponse) -> String {
    String::from_utf8(to_bytes(answer.into_body()).await.unwrap().to_vec()).unwrap()
}

async fn home_page(site: &web::Data<Site>, address: &str) -> String {
    text(home::page(TestRequest::with_uri(address).to_http_request(), site.clone()).await).await
}

async fn watch_page(site: &web::Data<Site>, slug: &str, query: &str) -> HttpResponse {
    let request = TestRequest::with_uri(&format!("/watch/{slug}{query}")).to_http_request();
    watch::page(request, site.clone(), web::Path::from(slug.to_owned())).await
}

fn problem_page(site: &web::Data<Site>, query: &str, problem: &Problem) -> HttpResponse {
    problem::of(&TestRequest::with_uri(&format!("/nowhere{query}")).to_http_request(), site, problem)
}

async fn event_page(site: &web::Data<Site>, slug: &str, query: &str) -> HttpResponse {
    let request = TestRequest::with_uri(&format!("/events/{slug}{query}")).to_http_request();
    event::page(request, site.clone(), web::Path::from(slug.to_owned())).await
}

#[actix_web::test]
async fn a_draft_is_not_found_and_a_published_one_is() {
    let site = site(vec![event("secret", EventStatus::Draft), event("open", EventStatus::Published)]);
    for slug in ["secret", "nothing", "..", "UPPER"] {
        assert_eq!(watch_page(&site, slug, "").await.status(), StatusCode::NOT_FOUND, "{slug}");
        assert_eq!(event_page(&site, slug, "").await.status(), StatusCode::NOT_FOUND, "{slug}");
    }
    assert_eq!(watch_page(&site, "open", "").await.status(), StatusCode::OK);
    let home = home_page(&site, "/").await;
    assert!(home.contains("Night of open") && !home.contains("Night of secret"));
}

#[actix_web::test]
async fn dates_are_in_the_sites_zone_and_the_pages_language() {
    let site = site(vec![event("open", EventStatus::Published)]);
    let page = text(event_page(&site, "open", "").await).await;
    assert!(page.contains("Sabtu, 5 Desember 2026 pukul 19.00 WIB"));
    assert!(page.contains("<html lang=\"id\">") && page.contains("2026-12-05T19:00:00+07:00"));
    let page = text(event_page(&site, "open", "?lang=en").await).await;
    assert!(page.contains("Saturday, 5 December 2026 at 19:00 WIB"));
    assert!(page.contains("<html lang=\"en\">") && page.contains("href=\"/watch/open?lang=en\""));
    assert!(page.contains("href=\"/events/open\" lang=\"id\""));
}

#[actix_web::test]
async fn eastern_zones_have_their_own_names() {
    let words = Words::new(Language::Id, Language::Id);
    let time = |zone| dates::When::new(NIGHT, zone, words).time;
    assert_eq!(time("Asia/Makassar"), "20.00 WITA");
    assert_eq!(time("Asia/Jayapura"), "21.00 WIT");
    assert_eq!(time("Nowhere/Land"), "12.00 UTC");
}

#[actix_web::test]
async fn a_picture_makes_an_event_lead_and_its_end_makes_it_a_replay() {
    let mut later = event("later", EventStatus::Published);
    later.starts_at = NIGHT.plus_ms(1_000);
    let site = site(vec![later, event("sooner", EventStatus::Published), event("past", EventStatus::Ended)]);
    let at = |page: &str, word: &str| page.find(word).unwrap();
    let page = home_page(&site, "/").await;
    assert!(at(&page, "Night of sooner") < at(&page, "Night of later"));
    assert!(at(&page, "Night of later") < at(&page, "Night of past"));
    report(&site, "later", StreamStatus::Live);
    let page = home_page(&site, "/").await;
    assert!(at(&page, "Night of later") < at(&page, "Night of sooner"));
    assert!(page.contains("Tonton sekarang"));
    report(&site, "later", StreamStatus::Ended);
    let page = home_page(&site, "/").await;
    assert!(at(&page, "Night of sooner") < at(&page, "Night of later"));
    assert!(!page.contains("Tonton sekarang"));
}

#[actix_web::test]
async fn the_watch_page_shows_what_is_there_and_nothing_of_drafts() {
    let site = site(vec![event("open", EventStatus::Published)]);
    report(&site, "open", StreamStatus::Live);
    let page = text(watch_page(&site, "open", "").await).await;
    for shown in ["Siapa menang?", "Ronde tambahan", "2.500", "1.500 koin", "Sedang berlangsung", "/master.m3u8"] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(!page.contains("Rahasia?"));
    assert!(page.contains("Ari &#60;Wijaya&#62;"), "names are escaped");
}

#[actix_web::test]
async fn the_facts_block_cannot_be_left_early_and_parses() {
    let mut night = event("open", EventStatus::Published);
    night.title = "</script><script>alert(1)//".into();
    let site = site(vec![night]);
    let page = text(watch_page(&site, "open", "").await).await;
    let block = page.split("id=\"watch-facts\">").nth(1).unwrap().split("</script>").next().unwrap();
    let facts: serde_json::Value = serde_json::from_str(block).unwrap();
    assert_eq!(facts["title"], "</script><script>alert(1)//");
    assert_eq!(facts["words"]["player-behind"], "{time} di belakang live");
}

#[actix_web::test]
async fn a_sold_fight_on_air_comes_with_its_card_and_a_free_one_without() {
    let mut night = event("open", EventStatus::Published);
    night.on_air_fight = Some(2);
    let mut free = night.clone();
    free.slug = "free".parse().unwrap();
    free.fights[1].price_coins = Coins(0);
    let site = site(vec![night, free]);
    for slug in ["open", "free"] {
        report(&site, slug, StreamStatus::Live);
    }
    let page = text(watch_page(&site, "open", "").await).await;
    assert!(page.contains("id=\"player\" data-covered ") && page.contains("Laga 2<span"), "{page}");
    assert!(page.contains("\"ahead\":2") && page.contains("Masuk untuk membuka laga ini."));
    // Without scripts there is the event's page, with its forms.
    assert!(page.contains("<a href=\"/events/open\">Laga berbayar"));
    let page = text(watch_page(&site, "free", "").await).await;
    assert!(!page.contains("data-covered") && page.contains("\"ahead\":null") && page.contains("Gratis"));
}

#[actix_web::test]
async fn pages_hold_nothing_the_content_policy_blocks() {
    let site = site(vec![event("open", EventStatus::Published), event("past", EventStatus::Ended)]);
    report(&site, "past", StreamStatus::Ended);
    let pages = [
        home_page(&site, "/").await,
        text(event_page(&site, "open", "").await).await,
        text(watch_page(&site, "past", "?lang=en").await).await,
        text(problem_page(&site, "?lang=en", &Problem::not_found("web.no_such_page"))).await,
        text(legal::privacy(TestRequest::default().to_http_request(), site.clone()).await).await,
        text(legal::terms(TestRequest::default().to_http_request(), site.clone()).await).await,
    ];
    for page in pages {
        assert!(!page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick="));
        for (at, _) in page.match_indices("<script") {
            let tag = page[at..].split('>').next().unwrap();
            assert!(tag.contains(" src=") || tag.contains("application/json"), "{tag}");
        }
    }
}

#[actix_web::test]
async fn pages_may_be_kept_for_two_seconds_and_problems_never() {
    let site = site(vec![event("open", EventStatus::Published)]);
    let page = watch_page(&site, "open", "").await;
    assert_eq!(page.headers().get("cache-control").unwrap(), "public, max-age=2");
    let fault = Problem::fault(&std::io::Error::other("a planted fault"), false);
    let problem = problem_page(&site, "", &fault);
    assert_eq!(problem.headers().get("cache-control").unwrap(), "no-store");
    assert!(text(problem).await.contains(fault.incident().unwrap().as_str()));
}

#[actix_web::test]
async fn two_nodes_render_the_same_bytes() {
    let events = vec![event("open", EventStatus::Published), event("past", EventStatus::Ended)];
    let (one, other) = (site(events.clone()), site(events));
    assert_eq!(home_page(&one, "/").await, home_page(&other, "/").await);
    assert_eq!(text(watch_page(&one, "open", "").await).await, text(watch_page(&other, "open", "").await).await);
}

proptest! {
    #[test]
    fn every_poster_is_drawn_and_repeatable(slug in "[a-z0-9]{1,20}(-[a-z0-9]{1,20}){0,2}") {
        let art = poster::arena(&slug);
        prop_assert_eq!(&art, &poster::arena(&slug));
        prop_assert!(art.starts_with("<svg") && art.ends_with("</svg>") && art.len() < 16_000, "{}", art.len());
        prop_assert_eq!(art.matches("<g").count() , art.matches("</g>").count());
    }
}

//! Orders, notices and sums as lines or as JSON.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::span::{Days, written};
use crate::clock::Micros;
use crate::flows::DayTotals;
use crate::money::{Coins, Rupiah};
use crate::payments::{Order, StoredNotice};

pub(super) fn orders(orders: &[Order], zone: &TimeZone, as_json: bool) -> String {
    if as_json {
        return pretty(&Value::Array(orders.iter().map(|order| order_json(order, zone)).collect()));
    }
    if orders.is_empty() {
        return "no orders".into();
    }
    orders.iter().map(|order| order_line(order, zone)).collect::<Vec<_>>().join("\n")
}

pub(super) fn notices(notices: &[StoredNotice], zone: &TimeZone, as_json: bool) -> String {
    if as_json {
        return pretty(&Value::Array(notices.iter().map(|notice| notice_json(notice, zone)).collect()));
    }
    if notices.is_empty() {
        return "no notices".into();
    }
    notices.iter().map(|notice| notice_line(notice, zone)).collect::<Vec<_>>().join("\n")
}

pub(super) fn whole(order: &Order, notices: &[StoredNotice], zone: &TimeZone, as_json: bool) -> String {
    if as_json {
        let notices: Vec<Value> = notices.iter().map(|notice| notice_json(notice, zone)).collect();
        return pretty(&json!({ "order": order_json(order, zone), "notices": notices }));
    }
    let mut lines = vec![order_line(order, zone)];
    let mut line = |name: &str, value: &str| lines.push(format!("  {name:<14} {value}"));
    line("account", order.account.as_str());
    line("gateway", order.gateway.as_str());
    line("request id", &order.request_id);
    line("payable until", &written(order.expires_at, zone));
    line("pay page", order.payment_url.as_deref().unwrap_or("none was made"));
    if let Some(at) = order.paid_at {
        line("paid", &written(at, zone));
        line("channel", order.channel.as_deref().unwrap_or("not said"));
        line("reference", order.provider_ref.as_deref().unwrap_or("not said"));
        line("booked", &format!("{} coins, ledger row purchase {}", order.coins_in_all(), order.invoice));
    }
    if let Some(at) = order.refunded_at {
        line("refunded", &format!("{}, {} coins taken back", written(at, zone), order.reversed_coins));
    }
    if notices.is_empty() {
        lines.push("the provider has said nothing of it".into());
    }
    lines.extend(notices.iter().map(|notice| notice_line(notice, zone)));
    lines.join("\n")
}

pub(super) fn totals(days: &Days, sums: &[DayTotals], as_json: bool) -> String {
    let both = || days.dates.iter().zip(sums);
    if as_json {
        let days = both().map(|(date, day)| json!({ "day": date.to_string(), "channels": day.channels })).collect();
        return pretty(&Value::Array(days));
    }
    let mut lines = Vec::new();
    let (mut orders, mut price, mut coins, mut refunded) = (0_i64, 0_i64, 0_i64, 0_i64);
    for (date, day) in both() {
        for channel in &day.channels {
            orders = orders.saturating_add(channel.orders);
            price = price.saturating_add(channel.price_idr.0);
            coins = coins.saturating_add(channel.coins.0);
            refunded = refunded.saturating_add(channel.refunded_idr.0);
            let name = channel.channel.as_deref().unwrap_or("(no channel)");
            let refunded = match channel.refunded {
                0 => String::new(),
                count => format!("  of them refunded: {count} orders, {}", channel.refunded_idr),
            };
            lines.push(format!(
                "{date}  {name:<28} {:>5} orders  {:>16}  {:>10} coins{refunded}",
                channel.orders,
                channel.price_idr.to_string(),
                channel.coins.to_string(),
            ));
        }
    }
    let span = match (days.dates.first(), days.dates.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(day), _) => day.to_string(),
        (None, _) => String::new(),
    };
    lines.push(format!(
        "{span}: {orders} orders, {}, {} coins, refunded {}",
        Rupiah(price),
        Coins(coins),
        Rupiah(refunded)
    ));
    lines.join("\n")
}

fn order_line(order: &Order, zone: &TimeZone) -> String {
    let mut line = format!(
        "{}  {}  {:<7}  {:>14}  {:>7} coins  {}",
        written(order.created_at, zone),
        order.invoice,
        order.status.as_str(),
        order.price.to_string(),
        order.coins_in_all().to_string(),
        order.package_code,
    );
    if order.paid_late {
        line.push_str("  paid late");
    }
    if order.refunded_at.is_some() {
        line.push_str("  refunded");
    }
    line
}

fn notice_line(notice: &StoredNotice, zone: &TimeZone) -> String {
    let amount = notice.amount.map(|amount| amount.to_string());
    let mut line = format!(
        "{}  {:<5}  {:<15}  {}  {}  {}  {}",
        written(notice.received_at, zone),
        notice.source,
        notice.verdict.as_str(),
        notice.status.as_deref().unwrap_or("-"),
        notice.invoice.as_deref().unwrap_or("no invoice"),
        amount.as_deref().unwrap_or("no amount"),
        notice.channel.as_deref().unwrap_or("-"),
    );
    if let Some(again) = notice.again_at {
        line.extend(["  ", &notice.times.to_string(), " times, last ", &written(again, zone)]);
    }
    if notice.disputed {
        line.push_str("  look at it");
    }
    line
}

fn order_json(order: &Order, zone: &TimeZone) -> Value {
    let at = |at: Option<Micros>| at.map(|at| rfc3339(at, zone));
    json!({
        "invoice": order.invoice,
        "account": order.account,
        "gateway": order.gateway.as_str(),
        "package": order.package_code,
        "coins": order.coins,
        "bonus_coins": order.bonus_coins,
        "price_idr": order.price,
        "status": order.status,
        "request_id": order.request_id,
        "payment_url": order.payment_url,
        "created_at": rfc3339(order.created_at, zone),
        "expires_at": rfc3339(order.expires_at, zone),
        "paid_at": at(order.paid_at),
        "paid_late": order.paid_late,
        "channel": order.channel,
        "provider_ref": order.provider_ref,
        "refunded_at": at(order.refunded_at),
        "reversed_coins": order.reversed_coins,
    })
}

fn notice_json(notice: &StoredNotice, zone: &TimeZone) -> Value {
    json!({
        "id": notice.id,
        "provider": notice.provider,
        "request_id": notice.request_id,
        "source": notice.source,
        "received_at": rfc3339(notice.received_at, zone),
        "again_at": notice.again_at.map(|at| rfc3339(at, zone)),
        "times": notice.times,
        "invoice": notice.invoice,
        "amount_idr": notice.amount,
        "status": notice.status,
        "channel": notice.channel,
        "verdict": notice.verdict.as_str(),
        "disputed": notice.disputed,
    })
}

fn rfc3339(at: Micros, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

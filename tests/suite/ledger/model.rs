//! Every verb that moves coins, in random order, against a model of what the books must say.

mod books;
mod ops;
mod provider;
mod world;

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio_util::task::TaskTracker;

use super::books::verified;
use crate::postgres::TestDatabase;
use books::Model;
use ops::{Op, ops};
use world::{Known, World};

/// Runs `case` on one database for each of `cases` random sequences. Each has its own people.
fn run(db: &TestDatabase, cases: u32, case: &impl AsyncFn(&World, &[Op]) -> Result<(), TestCaseError>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let store = db.migrated();
    let shop = runtime.block_on(world::Shop::open(&store));
    let number = Cell::new(0);
    let config = Config { cases, max_shrink_iters: 400, failure_persistence: None, ..Config::default() };
    let done = TestRunner::new(config).run(&ops(), |ops| {
        number.set(number.get() + 1);
        runtime.block_on(async {
            let world = World::new(&store, &shop, number.get()).await;
            case(&world, &ops).await?;
            prop_assert_eq!(verified(&store), []);
            Ok(())
        })
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}

/// One verb after the other: each answer and each balance is the model's.
async fn in_turn(world: &World, ops: &[Op]) -> Result<(), TestCaseError> {
    let (mut model, known) = (Model::default(), Known::default());
    for op in ops {
        let expected = model.play(op, world.now());
        let told = world.play(op, &known).await;
        prop_assert_eq!(&told, &expected, "{:?}", op);
        prop_assert_eq!(world.balances().await, model.balances(), "after {:?}", op);
    }
    prop_assert_eq!(world.histories().await, model.histories());
    Ok(())
}

/// Four at once: what was said to be done is done, once, and nothing else.
async fn at_once(world: &World, ops: &[Op]) -> Result<(), TestCaseError> {
    let (tasks, known) = (TaskTracker::new(), Arc::new(Known::default()));
    let parts: Vec<_> = (0..4)
        .map(|part| {
            let mine: Vec<Op> = ops.iter().skip(part).step_by(4).cloned().collect();
            let (world, known) = (world.clone(), Arc::clone(&known));
            tasks.spawn(async move {
                let mut told = Vec::new();
                // Time stands still, so that no key is forgotten between two answers.
                for op in mine.into_iter().filter(|op| !matches!(op, Op::Wait(_))) {
                    let answer = world.play(&op, &known).await;
                    told.push((op, answer));
                }
                told
            })
        })
        .collect();
    tasks.close();
    let mut told = Vec::new();
    for part in parts {
        told.extend(part.await.expect("a task"));
    }
    world.adds_up(&told, &known).await
}

#[test]
fn the_books_equal_the_model_in_sqlite() {
    run(&TestDatabase::sqlite(), 96, &in_turn);
}

#[test]
fn the_books_equal_the_model_in_postgres() {
    run(&TestDatabase::postgres(), 24, &in_turn);
}

#[test]
fn what_was_told_is_what_is_booked_when_four_act_at_once_in_sqlite() {
    run(&TestDatabase::sqlite(), 48, &at_once);
}

#[test]
fn what_was_told_is_what_is_booked_when_four_act_at_once_in_postgres() {
    run(&TestDatabase::postgres(), 24, &at_once);
}

//! What mutants of the algebra and of folding face: laws and oracles, all in one program.

#![cfg(test)]

/// Goes first, by its name: the first promise that is broken ends the run, for one is enough.
mod a {
    #[test]
    fn broken_promise_ends_the_run() {
        let said = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            said(panic);
            std::process::exit(101);
        }));
    }
}

#[path = "algebra/mod.rs"]
mod algebra;
#[path = "lint/anomalies.rs"]
mod anomalies;
#[path = "drift/laws.rs"]
mod drift;
#[path = "lint/model.rs"]
mod model;
#[path = "lint/trace.rs"]
mod trace;

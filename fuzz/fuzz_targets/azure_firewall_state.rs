#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| egressor_fuzz::run("azure-firewall-state", data));

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| egressor_fuzz::run("aws-prefix-list-hcl", data));

# Each recipe is one plain command: nobody needs `just`.
check:
    cargo clippy --workspace --all-targets -- -D warnings
test:
    cargo test --workspace
clients:
    node --test tests/clients/
bench:
    cargo run --release -p hallway-bench -- --write
accept:
    cargo insta accept
run:
    cargo run --release -- demo

//! An office for the tests of integrations: Hallway inside a test.

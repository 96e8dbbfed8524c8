//! A token as it is.

use async_trait::async_trait;
use hallway_wire::Secret;

use super::TokenSource;
use crate::error::Result;

/// A token that is not renewed: of a bot, or a person's for twelve hours.
#[derive(Clone, Debug)]
pub struct Personal(Secret);

impl Personal {
    /// Takes the token.
    pub fn new(token: Secret) -> Self {
        Self(token)
    }
}

#[async_trait]
impl TokenSource for Personal {
    async fn token(&self) -> Result<Secret> {
        Ok(self.0.clone())
    }

    async fn refused(&self, _: &Secret) -> Result<bool> {
        Ok(false)
    }
}

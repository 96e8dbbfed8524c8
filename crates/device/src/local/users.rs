//! Users of a device, and the two ways in which a client names one (local-device-xapi 2).

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hallway_wire::Secret;
use hallway_xapi::catalogue::{Role, Roles};
use subtle::ConstantTimeEq as _;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

/// Longest user name and password together.
const LONGEST: usize = 1024;

/// A user of the device itself.
#[derive(Clone, Debug)]
pub struct LocalUser {
    pub name: String,
    pub password: Secret,
    pub roles: Roles,
}

/// The users of a device.
#[derive(Clone, Debug, Default)]
pub struct LocalUsers(Vec<LocalUser>);

/// A user who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    pub roles: Roles,
    /// What the answer must carry as `Sec-WebSocket-Protocol`; without it, clients that sent one give up.
    pub subprotocol: Option<String>,
}

/// The credentials are missing, or wrong. The answer is 403: clients take 401 for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the user or the password is wrong")]
pub struct Denied;

impl LocalUsers {
    /// One user, `admin`, who may do everything.
    pub fn admin(password: Secret) -> Self {
        Self::default().with(LocalUser {
            name: "admin".to_owned(),
            password,
            roles: Roles::NONE.with(Role::Admin),
        })
    }

    /// These users and one more.
    #[must_use]
    pub fn with(mut self, user: LocalUser) -> Self {
        self.0.push(user);
        self
    }

    /// Checks what a client sent as `Sec-WebSocket-Protocol` or as `Authorization`.
    ///
    /// # Errors
    /// [`Denied`], also where neither was sent.
    pub fn authenticate(
        &self,
        sec_websocket_protocol: Option<&str>,
        authorization: Option<&str>,
    ) -> Result<Admission, Denied> {
        let presented = presented(sec_websocket_protocol, authorization).ok_or(Denied)?;
        Ok(Admission {
            roles: self.check(presented.token)?,
            subprotocol: presented.subprotocol.map(str::to_owned),
        })
    }

    /// Checks base64 of `user:password`, in either alphabet, with padding or without.
    fn check(&self, token: &str) -> Result<Roles, Denied> {
        let (name, password) = split(token).ok_or(Denied)?;
        // Every user is looked at, so the time tells nothing about which names exist.
        let mut found = None;
        for user in &self.0 {
            let same_name = user.name.as_bytes().ct_eq(&name);
            let same_password = user.password.expose().as_bytes().ct_eq(&password);
            if bool::from(same_name & same_password) {
                found = Some(user.roles);
            }
        }
        found.ok_or(Denied)
    }
}

/// What a client sent to say who it is.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "the token is a secret")]
pub struct Presented<'a> {
    /// Base64 of `user:password`.
    pub token: &'a str,
    /// What carried it, where it was a subprotocol; the answer must repeat it.
    pub subprotocol: Option<&'a str>,
}

/// Finds the token in what a client sent as `Sec-WebSocket-Protocol` or as `Authorization`.
pub fn presented<'a>(
    sec_websocket_protocol: Option<&'a str>,
    authorization: Option<&'a str>,
) -> Option<Presented<'a>> {
    let mut offered = sec_websocket_protocol
        .into_iter()
        .flat_map(|list| list.split(','))
        .map(str::trim);
    let offered = offered.find_map(|protocol| Some((protocol, protocol.strip_prefix("auth-")?)));
    if let Some((protocol, token)) = offered {
        return Some(Presented {
            token,
            subprotocol: Some(protocol),
        });
    }
    let (scheme, token) = authorization?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Basic").then(|| Presented {
        token: token.trim(),
        subprotocol: None,
    })
}

/// Takes base64 of `user:password` apart.
fn split(token: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    if token.len() > LONGEST * 2 {
        return None;
    }
    let normal: String = token
        .trim()
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    let mut name = BASE64.decode(normal).ok()?;
    // The password may contain colons, the name may not.
    let colon = name.iter().position(|byte| *byte == b':')?;
    let password = name.split_off(colon + 1);
    name.truncate(colon);
    Some((name, password))
}

/// Takes the token of a client apart into user and password: base64 of `user:password`, in either alphabet,
/// with padding or without. For hosts that check users in their own way.
pub fn decode(token: &str) -> Option<(String, String)> {
    let (name, password) = split(token)?;
    Some((String::from_utf8(name).ok()?, String::from_utf8(password).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_in() {
        let users = LocalUsers::admin(Secret::new("p+/=ss?>é"));
        let token = "YWRtaW46cCsvPXNzPz7DqQ";
        let protocol = format!("auth-{token}");
        let in_by_protocol = users.authenticate(Some(&protocol), None).unwrap();
        assert_eq!(in_by_protocol.subprotocol.as_deref(), Some(protocol.as_str()));
        assert!(in_by_protocol.roles.contains(Role::Admin));
        for authorization in [format!("Basic {token}=="), format!("basic {token}")] {
            assert_eq!(
                users
                    .authenticate(None, Some(&authorization))
                    .unwrap()
                    .subprotocol,
                None
            );
        }
        assert!(
            users
                .authenticate(Some(&format!("chat, {protocol}")), None)
                .is_ok()
        );
    }

    #[test]
    fn everything_else_is_denied() {
        let users = LocalUsers::admin(Secret::new("secret:with:colons"));
        let good = format!("Basic {}", BASE64.encode("admin:secret:with:colons"));
        assert!(users.authenticate(None, Some(&good)).is_ok());
        for (protocol, authorization) in [
            (None, None),
            (Some("auth-"), None),
            (Some("auth-%%%"), Some(good.as_str())),
            (None, Some("Basic")),
            (None, Some("Basic YWRtaW4=")),
            (None, Some("Bearer abc")),
            (Some("other"), Some("Basic YWRtaW46eA==")),
        ] {
            assert_eq!(
                users.authenticate(protocol, authorization),
                Err(Denied),
                "{protocol:?} {authorization:?}"
            );
        }
    }
}

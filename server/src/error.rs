//! `Problem`: the only failure that is an HTTP response. A sentence for whoever called, in plain text, and a
//! status for their program. What went wrong inside is logged where it went wrong and never told.

use app::chat::Refusal;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("There is nothing here.")]
    NotFound,
    #[error("This address takes POST requests only.")]
    PostOnly,
    #[error("This address takes GET requests only.")]
    GetOnly,
    #[error("This request came from another site, so it was not carried out.")]
    CrossOrigin,
    #[error(
        "This server is not known by that name. Whoever runs it can set CHATR_PUBLIC_URL to the address that visitors use."
    )]
    UnknownHost,
    #[error("You are not signed in.")]
    SignedOut,
    #[error("That were many tries in a short time. Wait a minute, then try again.")]
    TooFast,
    #[error(
        "Passkeys do not work at this address. They need a name, such as http://localhost:3000 on your own machine, and https elsewhere."
    )]
    NoPasskeys,
    #[error("Passkeys are for guests. Your account is kept by whoever vouches for it.")]
    GuestsOnly,
    #[error("That took too long, or was done before. Please try again.")]
    PasskeyExpired,
    #[error("This passkey opens nothing here. It may have been removed.")]
    PasskeyUnknown,
    #[error("This passkey could not be checked, so it was not accepted.")]
    PasskeyRefused,
    #[error("You have this passkey already.")]
    PasskeyTwice,
    #[error("You have as many passkeys as you can have. Remove one first.")]
    TooManyPasskeys,
    #[error("That is too much at once: {max} bytes at most.")]
    TooLarge { max: usize },
    #[error("The request took too long to arrive.")]
    TooSlow,
    #[error("Send a form or JSON, and say which in Content-Type.")]
    WrongType,
    #[error("The server did not understand that.")]
    Malformed,
    #[error("The server cannot answer just now. Try again in a moment.")]
    Unavailable,
    #[error("Something broke on the server. It was noted; please try again.")]
    Broken,
}

impl Problem {
    pub const fn status(self) -> StatusCode {
        match self {
            Problem::NotFound => StatusCode::NOT_FOUND,
            Problem::PostOnly | Problem::GetOnly => StatusCode::METHOD_NOT_ALLOWED,
            Problem::CrossOrigin => StatusCode::FORBIDDEN,
            Problem::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Problem::SignedOut => StatusCode::UNAUTHORIZED,
            Problem::TooFast => StatusCode::TOO_MANY_REQUESTS,
            Problem::NoPasskeys => StatusCode::NOT_FOUND,
            Problem::GuestsOnly
            | Problem::PasskeyExpired
            | Problem::PasskeyUnknown
            | Problem::PasskeyRefused => StatusCode::FORBIDDEN,
            Problem::PasskeyTwice | Problem::TooManyPasskeys => StatusCode::CONFLICT,
            Problem::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Problem::WrongType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Problem::Malformed => StatusCode::BAD_REQUEST,
            Problem::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), format!("{self}\n")).into_response();
        let hint = match self {
            Problem::PostOnly => Some((header::ALLOW, "POST")),
            Problem::GetOnly => Some((header::ALLOW, "GET, HEAD")),
            Problem::Unavailable => Some((header::RETRY_AFTER, "5")),
            Problem::TooFast => Some((header::RETRY_AFTER, "60")),
            // The rest of the body is still on its way.
            Problem::TooLarge { .. } | Problem::TooSlow => Some((header::CONNECTION, "close")),
            _ => None,
        };
        if let Some((name, value)) = hint {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// What a refusal is to a program that looks at the status alone.
pub const fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::SignedOut => StatusCode::UNAUTHORIZED,
        Refusal::NoSuchChat | Refusal::NoSuchPerson => StatusCode::NOT_FOUND,
        Refusal::NotAMember
        | Refusal::NotOwner
        | Refusal::FixedPair
        | Refusal::FixedDefault
        | Refusal::OnlyYou
        | Refusal::OffTheRecord => StatusCode::FORBIDDEN,
        Refusal::Unfit(_) | Refusal::Blocked { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::TooFast { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::TooMany { .. } | Refusal::TooManyForThem { .. } => StatusCode::CONFLICT,
        Refusal::Malformed => StatusCode::BAD_REQUEST,
        Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

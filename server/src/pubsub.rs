//! What this server asks of Web PubSub: tickets for clients, and calls. Refuses to know whether the service is
//! Azure's or ours, and what the messages mean.

use crate::transport::{Bearer, HttpService};
use app::chat::UserId;
use axum::body::Body;
use futures::StreamExt;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response, StatusCode};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tower::{BoxError, Service, ServiceExt};
use wire::rest::{Call, GeneratedToken, Target};
use wire::token::{Claims, sign};

/// How long a ticket opens a socket. What the socket may do is asked when it opens, so a ticket is worth
/// nothing more. Source: ours; the service's clients fetch one for each connection.
const TICKET: Duration = Duration::from_secs(5 * 60);

/// How long the authorisation of one call holds.
const CALL: Duration = Duration::from_secs(60);

/// How long one answer may take, and what is waited before it is asked again.
const ANSWER: Duration = Duration::from_millis(1_400);
const PAUSES: [Duration; 1] = [Duration::from_millis(150)];

/// How much of a refusal is read for the log.
const WHY: usize = 1024;

/// A client's token is about as long as its groups and roles, of which it has none.
const MAX_TOKEN: usize = 64 * 1024;

/// Whom the tokens are for. Source: "Authorize access to Web PubSub using Microsoft Entra ID".
pub const SCOPE: &str = "https://webpubsub.azure.com/.default";

/// What opens the service.
pub enum Proof {
    Key(String),
    Token(Arc<dyn Bearer>),
}

/// Where the service is, and how this server proves who it is.
pub struct PubSub {
    service: HttpService,
    /// Scheme and host, without a slash at the end: where calls go.
    endpoint: String,
    hub: String,
    proof: Proof,
    /// Where clients find the service, as `wss://…`; `None` if at whichever address they find this server.
    sockets: Option<String>,
}

/// Why a call was not performed.
#[derive(Debug, thiserror::Error)]
pub enum PubSubError {
    #[error("the call does not fit a request: {0}")]
    Request(#[from] http::Error),
    #[error("the authorisation cannot be signed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
    #[error("the service cannot be reached: {0}")]
    Unreachable(BoxError),
    #[error("there is no token for the service: {0}")]
    NoToken(BoxError),
    #[error("the service did not give a client's token")]
    NoTicket,
    #[error("the service answered {status}: {why}")]
    Refused { status: StatusCode, why: String },
}

impl PubSubError {
    /// Whether the same call may succeed in a moment.
    fn may_pass(&self) -> bool {
        match self {
            PubSubError::Unreachable(_) | PubSubError::NoToken(_) => true,
            PubSubError::Refused { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            PubSubError::Request(_) | PubSubError::Signing(_) | PubSubError::NoTicket => false,
        }
    }
}

impl PubSub {
    pub fn new(service: HttpService, endpoint: &str, hub: &str, key: &str) -> Self {
        PubSub::with_proof(service, endpoint, hub, Proof::Key(key.to_owned()))
    }

    pub fn with_proof(service: HttpService, endpoint: &str, hub: &str, proof: Proof) -> Self {
        PubSub {
            service,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            hub: hub.to_owned(),
            proof,
            sockets: None,
        }
    }

    /// The service is not where this server is.
    #[must_use]
    pub fn with_sockets_at(mut self, origin: String) -> Self {
        self.sockets = Some(origin);
        self
    }

    /// The URL that opens a socket for `user`. `origin` is this server as the client reaches it, as `ws://…`
    /// or `wss://…`: the service is there too, unless it is known to be elsewhere. Signed here with a key; without
    /// one, the service is asked.
    pub async fn ticket(&self, user: UserId, origin: &str) -> Result<String, PubSubError> {
        let origin = self.sockets.as_deref().unwrap_or(origin);
        let path = format!("/client/hubs/{}", self.hub);
        let token = match &self.proof {
            Proof::Key(key) => {
                let http = origin.replacen("ws", "http", 1);
                signed(key, &format!("{http}{path}"), TICKET, Some(user))?
            }
            Proof::Token(_) => self.generated(user).await?,
        };
        Ok(format!("{origin}{path}?access_token={token}"))
    }

    async fn generated(&self, user: UserId) -> Result<String, PubSubError> {
        let call = Call::GenerateToken {
            user: Some(user.to_string()),
            roles: Vec::new(),
            groups: Vec::new(),
            minutes: u32::try_from(TICKET.as_secs() / 60).unwrap_or(1),
        };
        let answer = match self.answer(&call).await {
            Err(error) if error.may_pass() => {
                tokio::time::sleep(PAUSES[0]).await;
                self.answer(&call).await
            }
            answer => answer,
        }?;
        let read = axum::body::to_bytes(answer.into_body(), MAX_TOKEN);
        let read = tokio::time::timeout(ANSWER, read).await;
        let body = read
            .map_err(|late| PubSubError::Unreachable(late.into()))?
            .map_err(|why| PubSubError::Unreachable(why.into()))?;
        let answer = serde_json::from_slice::<GeneratedToken>(&body);
        let token = answer.ok().and_then(|answer| answer.token);
        token.ok_or(PubSubError::NoTicket)
    }

    /// Performs one call, within three seconds. That somebody is not there (404) is no failure: they are told
    /// of nothing. Said twice is harmless, so a call that failed for a passing reason is made again.
    pub async fn perform(&self, call: Call) -> Result<(), PubSubError> {
        for pause in PAUSES {
            match self.ask(&call).await {
                Err(error) if error.may_pass() => tokio::time::sleep(pause).await,
                ended => return ended.map(drop),
            }
        }
        self.ask(&call).await.map(drop)
    }

    /// One try. Success, or 404.
    async fn ask(&self, call: &Call) -> Result<StatusCode, PubSubError> {
        Ok(self.answer(call).await?.status())
    }

    async fn answer(&self, call: &Call) -> Result<Response<Body>, PubSubError> {
        let request = call.to_request(&self.endpoint, &self.hub)?;
        let (mut parts, body) = request.into_parts();
        let token = match &self.proof {
            Proof::Key(key) => {
                let audience = format!("{}{}", self.endpoint, parts.uri.path());
                signed(key, &audience, CALL, None)?
            }
            Proof::Token(bearer) => {
                let token = tokio::time::timeout(ANSWER, bearer.bearer(SCOPE)).await;
                let token = token.unwrap_or_else(|late| Err(late.into()));
                token.map_err(PubSubError::NoToken)?
            }
        };
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(http::Error::from)?;
        parts.headers.insert(AUTHORIZATION, bearer);
        let request = Request::from_parts(parts, Body::from(body));

        let mut service = self.service.clone();
        let answer = async {
            let response = service.ready().await?.call(request).await?;
            let status = response.status();
            if status.is_success() || status == StatusCode::NOT_FOUND {
                return Ok::<_, BoxError>(Ok(response));
            }
            Ok(Err((status, beginning(response.into_body()).await)))
        };
        let answer = tokio::time::timeout(ANSWER, answer).await;
        let answer = answer
            .unwrap_or_else(|late| Err(late.into()))
            .map_err(PubSubError::Unreachable)?;
        answer.map_err(|(status, why)| PubSubError::Refused { status, why })
    }

    /// Asks for something that needs the key, or the token, and changes nothing: whether nobody is there.
    pub async fn try_out(&self) -> Result<(), PubSubError> {
        let what = Target::User("nobody".into());
        self.ask(&Call::Exists { what }).await.map(drop)
    }

    /// Whether the connection is there.
    pub async fn exists(&self, connection: &str) -> Result<bool, PubSubError> {
        let what = Target::Connection(connection.to_owned());
        let found = self.ask(&Call::Exists { what }).await?;
        Ok(found != StatusCode::NOT_FOUND)
    }

    /// Ends every socket of a user.
    pub async fn close(&self, user: UserId, reason: &str) -> Result<(), PubSubError> {
        self.perform(Call::Close {
            whom: Target::User(user.to_string()),
            excluded: Vec::new(),
            reason: Some(reason.to_owned()),
        })
        .await
    }
}

fn signed(
    key: &str,
    audience: &str,
    life: Duration,
    user: Option<UserId>,
) -> Result<String, jsonwebtoken::errors::Error> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let claims = Claims {
        aud: audience.to_owned(),
        exp: (now + life).as_secs(),
        iat: Some(now.as_secs()),
        sub: user.map(|user| user.to_string()),
        ..Claims::default()
    };
    sign(&claims, key)
}

/// As much of a refusal as is read, or as came.
async fn beginning(body: Body) -> String {
    let mut read = Vec::new();
    let mut pieces = body.into_data_stream();
    while read.len() < WHY {
        match pieces.next().await {
            Some(Ok(piece)) => read.extend_from_slice(&piece),
            Some(Err(_)) | None => break,
        }
    }
    read.truncate(WHY);
    String::from_utf8_lossy(&read).into_owned()
}

//! The listener: sockets, TLS, limits and the bridge to blocking code.
//!
//! In here: [`Server::start`] with its [`Listeners`] and [`Limits`], certificates ([`Tls`]), and the trait [`Front`]
//! through which requests are answered, and what signals do ([`Interruption`]). Not in here: what a request means, who sent it (a front checks tokens) and where
//! anything is stored. Start reading at `exchange.rs`, one request from its head to its answer.
//!
//! A request is read whole, answered whole on threads of the pool in `blocking.rs`, and then sent: no socket is touched while a front works, and a request that
//! was begun runs to its end, also when its client goes away.

mod access;
mod blocking;
mod body;
mod exchange;
mod exposition;
mod figures;
mod front;
mod head;
mod interruption;
mod limits;
mod line;
mod listen;
mod metrics;
mod operations;
mod pages;
mod protection;
mod proxy;
mod refusal;
mod request_id;
mod running;
mod service;
mod stream;
mod tls;

pub use driftless_webapi::Weight;
pub use front::{Answering, Chunks, Front, Operator, Origin, Peer, RequestId, Route, Scheme, Served};
pub use interruption::Interruption;
pub use limits::Limits;
pub use listen::{ListenError, Listeners};
pub use pages::{NotAnOrigin, PageOrigin};
pub use protection::ProtectionLimits;
pub use proxy::{Network, NotANetwork};
pub use running::{Running, Server, Stopped};
pub use service::Service;
pub use tls::{Tls, TlsError, TlsFiles};

//! A listener whose connections a handler can cut, as a network does.

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::net::{TcpListener, TcpStream};

/// Accepts connections and keeps a second handle on each.
pub(super) struct CuttableListener(pub(super) TcpListener);

/// The other side of a connection, with the handle to cut it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    address: SocketAddr,
    handle: Option<Arc<std::net::TcpStream>>,
}

impl Line {
    /// Ends the connection in both directions, now.
    pub(super) fn cut(&self) {
        if let Some(handle) = &self.handle {
            // Already closed by the other side: the same result.
            let _ = handle.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Listener for CuttableListener {
    type Io = TcpStream;
    type Addr = Line;

    async fn accept(&mut self) -> (TcpStream, Line) {
        loop {
            let Ok((stream, address)) = self.0.accept().await else {
                // Out of file handles: wait for some to come back.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            let both = stream.into_std().and_then(|plain| {
                let handle = plain.try_clone()?;
                plain.set_nodelay(true)?;
                Ok((TcpStream::from_std(plain)?, handle))
            });
            if let Ok((stream, handle)) = both {
                return (stream, Line { address, handle: Some(Arc::new(handle)) });
            }
        }
    }

    fn local_addr(&self) -> io::Result<Line> {
        Ok(Line { address: self.0.local_addr()?, handle: None })
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.remote_addr().clone()
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.address.fmt(out)
    }
}

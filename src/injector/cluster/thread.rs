//! The thread that talks to the API server, beside those that answer it: a
//! burst of reviews must not keep certificates from being renewed, nor the
//! other way round.

use std::io;
use std::thread::{self, JoinHandle};

use kube::Client;
use tokio::runtime::{Builder, Runtime};
use tokio::select;

use crate::net::DrainSignal;

/// A runtime that is not running yet.
pub(crate) struct Idle(Option<Runtime>);

impl Drop for Idle {
    fn drop(&mut self) {
        // Where the start fails, this is dropped within another runtime, which must not wait for it.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The thread. It ends with this value, which therefore lives as long as any
/// work that may need the API server.
#[derive(Debug)]
pub(crate) struct ClusterThread {
    stop: DrainSignal,
    thread: Option<JoinHandle<()>>,
}

impl ClusterThread {
    /// A client whose connections will live on the thread. Any thread may use
    /// it once the thread runs.
    pub(crate) fn prepare(access: kube::Config) -> Result<(Idle, Client), ConnectError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(ConnectError::Thread)?;
        let client = {
            let _inside = runtime.enter();
            Client::try_from(access).map_err(|error| ConnectError::Access(Box::new(error)))?
        };
        Ok((Idle(Some(runtime)), client))
    }

    /// Starts the thread, which does `work` until this value is dropped.
    pub(crate) fn start(mut idle: Idle, work: impl Future<Output = ()> + Send + 'static) -> io::Result<Self> {
        let stop = DrainSignal::default();
        let until = stop.clone();
        let runtime = idle.0.take().expect("a runtime is taken out only here and when it is dropped");
        let run = move || {
            runtime.block_on(async {
                select! {
                    () = until.begun() => {}
                    () = work => {}
                }
            });
        };
        let thread = thread::Builder::new().name("cluster".to_owned()).spawn(run)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for ClusterThread {
    fn drop(&mut self) {
        self.stop.begin();
        if let Some(thread) = self.thread.take() {
            // A panic of it was reported by itself.
            let _ = thread.join();
        }
    }
}

/// Why there is nobody to talk to the API server.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The system gives no thread.
    #[error("start the thread that talks to the API server")]
    Thread(#[source] io::Error),
    /// What is known of the API server is of no use.
    #[error("set up the connection to the API server")]
    Access(#[source] Box<kube::Error>),
}

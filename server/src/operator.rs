//! What an operator can have done instead of serving: the command line's tasks. Owns their words; refuses to know
//! how rows are copied or what a setting means.

pub mod examination;
pub mod moving;

use crate::config::{Config, Mistakes, Settings};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::error::Error;
use std::path::PathBuf;

/// The command line: settings, and what to do with them.
#[derive(Debug, Parser)]
#[command(
    name = "chatr",
    version,
    about = "Chatr: a chat that is there at once. Every setting is an environment variable and an option.",
    after_help = "Options stand before the command: chatr --data-dir=/srv/chatr export everything.jsonl"
)]
pub struct Program {
    #[command(flatten)]
    pub settings: Settings,
    #[command(subcommand)]
    pub task: Option<Task>,
}

/// Without one, Chatr serves.
#[derive(Clone, Debug, Subcommand)]
pub enum Task {
    /// Writes everything that is kept to a file. Stop the servers first.
    Export {
        /// A file that is not there yet.
        file: PathBuf,
    },
    /// Stores what `export` wrote, where nothing is kept yet.
    Import {
        /// What `export` wrote.
        file: PathBuf,
    },
    /// Says what every setting is and comes from, and tries what they name.
    CheckConfig,
}

impl Program {
    /// Reads the process's options and environment. `--help` and unknown options end the process here.
    pub fn read() -> (Program, ArgMatches) {
        let matches = Program::command().get_matches();
        match Program::from_arg_matches(&matches) {
            Ok(program) => (program, matches),
            Err(error) => error.exit(),
        }
    }
}

impl Task {
    /// Does it, and says on stdout what was done.
    pub async fn perform(
        self,
        config: Result<Config, Mistakes>,
        matches: &ArgMatches,
    ) -> Result<(), Box<dyn Error>> {
        match self {
            Task::Export { file } => {
                let store = moving::open(&config?, false).await?;
                println!("{}", moving::export(&*store.archive, &file).await?);
                Ok(())
            }
            Task::Import { file } => {
                let store = moving::open(&config?, true).await?;
                println!("{}", moving::import(store.archive.clone(), &file).await?);
                Ok(())
            }
            Task::CheckConfig => Ok(examination::examine(config, matches).await?),
        }
    }
}

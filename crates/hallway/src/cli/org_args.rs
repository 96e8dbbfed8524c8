//! What can be typed about organizations.

use std::path::PathBuf;

use clap::Subcommand;

/// `hallway operator org`
#[derive(Subcommand, Debug)]
pub(crate) enum OrgCommand {
    /// List all organizations
    List,
    /// Show one organization
    Show {
        /// Id or name of the organization
        organization: String,
    },
    /// Create an organization; prints the token of its first administrator, once
    Create {
        /// Name of the organization
        name: String,
        /// Its first administrator's e-mail address
        #[arg(long, value_name = "EMAIL")]
        admin_email: String,
        /// The administrator's name
        #[arg(long, value_name = "NAME")]
        admin_name: String,
        /// Two letters, like NO
        #[arg(long, value_name = "CODE")]
        country: Option<String>,
    },
    /// Suspend an organization: nobody of it may do anything, and nothing of it is lost
    Suspend {
        /// Id or name of the organization
        organization: String,
        /// Why: its people are told
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Resume a suspended organization
    Resume {
        /// Id or name of the organization
        organization: String,
    },
    /// Delete a suspended organization with everything in it
    Delete {
        /// Id or name of the organization
        organization: String,
        /// The name again, to be sure
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// Write an organization to a file that another Hallway imports
    Export {
        /// Id or name of the organization
        organization: String,
        #[command(flatten)]
        how: ExportArgs,
    },
    /// Read an organization from a file that another Hallway exported
    Import {
        /// The file
        file: PathBuf,
        /// File whose first line is the passphrase of the export
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// List, add and remove administrators from other organizations
    Admins {
        /// Id or name of the organization
        organization: String,
        #[command(subcommand)]
        command: AdminsCommand,
    },
}

/// Where an export goes, and whether secrets go with it.
#[derive(clap::Args, Debug)]
pub(crate) struct ExportArgs {
    /// File to write; it must not be there yet
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Export hashes of tokens, client secrets and webhook secrets too, encrypted
    #[arg(long, requires = "passphrase_file")]
    pub(crate) with_secrets: bool,
    /// File whose first line is the passphrase: at least 12 characters
    #[arg(long, value_name = "FILE", requires = "with_secrets")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// `hallway organization admins`, `hallway operator org admins`
#[derive(Subcommand, Debug)]
pub(crate) enum AdminsCommand {
    /// List the administrators from other organizations
    List,
    /// Let a person of another organization administer this one
    Add {
        /// The person's e-mail address
        email: String,
        /// Let it only look
        #[arg(long)]
        read_only: bool,
    },
    /// End what such an administrator may
    Remove {
        /// E-mail address or id of the person
        person: String,
    },
}

//! What a task of `firewalld` is about.

use super::firewalld::Firewalld;
use crate::prelude::*;

/// A port that is handed on.
#[derive(Params)]
pub(super) struct Forward {
    /// Port or range.
    #[param(required)]
    port: String,
    /// Protocol.
    #[param(required, choices("udp", "tcp"))]
    proto: String,
    /// Address it is handed on to.
    toaddr: Option<String>,
    /// Port it is handed on to.
    #[param(required)]
    toport: String,
}

/// A thing that can be on or off.
pub(super) enum Item {
    /// The zone itself.
    Zone,
    /// What the zone does with packets that nothing in it is about.
    Target(String),
    /// Something in the zone.
    Member {
        /// The option of firewall-cmd after `--add-`, `--remove-` or `--query-`.
        option: String,
        /// Whether it may only be in one zone.
        interface: bool,
        /// Whether names that do not exist are merely not in the zone.
        listed: bool,
        /// Whether it can be forgotten after a time.
        timed: bool,
    },
}

/// What a task does.
pub(super) struct Change {
    pub(super) item: Item,
    /// On or off; `None` does nothing.
    pub(super) wanted: Option<bool>,
    /// What is said first when something changed.
    pub(super) done: Option<String>,
    /// What is said then.
    pub(super) summary: Option<String>,
}

impl Change {
    fn new(item: Item, wanted: Option<bool>) -> Self {
        Self {
            item,
            wanted,
            done: None,
            summary: None,
        }
    }

    fn member(option: String, wanted: Option<bool>) -> Self {
        let item = Item::Member {
            option,
            interface: false,
            listed: false,
            timed: true,
        };
        Self::new(item, wanted)
    }

    fn listed(name: &str, value: &str, wanted: Option<bool>) -> Self {
        let mut change = Self::member(format!("{name}={value}"), wanted);
        if let Item::Member { listed, .. } = &mut change.item {
            *listed = true;
        }
        change
    }

    fn untimed(mut self) -> Self {
        if let Item::Member { timed, .. } = &mut self.item {
            *timed = false;
        }
        self
    }

    /// What is said when it was switched on and off.
    fn told(mut self, on: String, off: String) -> Self {
        self.done = self.wanted.map(|wanted| if wanted { on } else { off });
        self
    }

    fn summed_up(mut self, what: String, state: &str) -> Self {
        self.summary = Some(format!("Changed {what} to {state}"));
        self
    }
}

impl Firewalld {
    /// Whether the task names anything in a zone.
    fn is_about_members(&self) -> bool {
        let named = [
            &self.icmp_block,
            &self.service,
            &self.protocol,
            &self.port,
            &self.rich_rule,
            &self.interface,
            &self.source,
            &self.target,
        ];
        let flags = [self.icmp_block_inversion, self.forward, self.masquerade];
        named.iter().any(|o| o.as_ref().is_some_and(|t| !t.is_empty()))
            || flags.contains(&Some(true))
            || self.port_forward.is_some()
    }

    /// What is to be done in that zone.
    pub(super) fn change(&self, zone: &str) -> Result<Change, Failure> {
        let state = self.state.as_str();
        let wanted = match state {
            "enabled" => Some(true),
            "disabled" => Some(false),
            _ => None,
        };
        let over_zone = matches!(state, "present" | "absent");
        if self.is_about_members() && over_zone && self.target.is_none() {
            return Err(Failure::new(
                "absent and present state can only be used in zone level operations",
            ));
        }
        let flag = |on: bool| Some((state == "enabled") == on);
        if let Some(name) = &self.icmp_block {
            let change = Change::listed("icmp-block", name, wanted);
            return Ok(change.summed_up(format!("icmp-block {name}"), state));
        }
        if let Some(on) = self.icmp_block_inversion {
            let said = if on { "True" } else { "False" };
            let change = Change::member("icmp-block-inversion".into(), flag(on)).untimed();
            return Ok(change.summed_up(format!("icmp-block-inversion {said}"), state));
        }
        if let Some(name) = &self.service {
            return Ok(Change::listed("service", name, wanted).summed_up(format!("service {name}"), state));
        }
        if let Some(name) = &self.protocol {
            return Ok(Change::listed("protocol", name, wanted).summed_up(format!("protocol {name}"), state));
        }
        if let Some(source) = &self.source {
            return Ok(Change::listed("source", source, wanted).untimed().told(
                format!("Added {source} to zone {zone}"),
                format!("Removed {source} from zone {zone}"),
            ));
        }
        if let Some(port) = &self.port {
            let port = port.trim();
            if port
                .split_once('/')
                .is_none_or(|(_, protocol)| protocol.is_empty())
            {
                return Err(Failure::new("improper port format (missing protocol?)"));
            }
            return Ok(
                Change::member(format!("port={port}"), wanted).summed_up(format!("port {port}"), state)
            );
        }
        if let Some(forwards) = &self.port_forward {
            return self.forwarding(forwards.iter().map(|f| &f.0), wanted);
        }
        if let Some(rule) = &self.rich_rule {
            let change = Change::member(format!("rich-rule={rule}"), wanted);
            return Ok(change.summed_up(format!("rich_rule {rule}"), state));
        }
        if let Some(name) = &self.interface {
            let mut change = Change::member(format!("interface={name}"), wanted).untimed();
            if let Item::Member { interface, .. } = &mut change.item {
                *interface = true;
            }
            return Ok(change.told(
                format!("Changed {name} to zone {zone}"),
                format!("Removed {name} from zone {zone}"),
            ));
        }
        for (name, on) in [("forward", self.forward), ("masquerade", self.masquerade)] {
            if let Some(on) = on {
                return Ok(Change::member(name.into(), flag(on)).untimed().told(
                    format!("Added {name} to zone {zone}"),
                    format!("Removed {name} from zone {zone}"),
                ));
            }
        }
        if let Some(target) = &self.target {
            let wanted = matches!(state, "enabled" | "present");
            return Ok(Change::new(Item::Target(target.clone()), Some(wanted)).told(
                format!("Set zone {zone} target to {target}"),
                format!("Reset zone {zone} target to default"),
            ));
        }
        Ok(Change::new(Item::Zone, over_zone.then_some(state == "present"))
            .told(format!("Added zone {zone}"), format!("Removed zone {zone}"))
            .summed_up(format!("zone {zone}"), state))
    }

    fn forwarding<'a>(
        &self,
        mut forwards: impl ExactSizeIterator<Item = &'a Forward>,
        wanted: Option<bool>,
    ) -> Result<Change, Failure> {
        if forwards.len() > 1 {
            return Err(Failure::new("Only one port forward supported at a time"));
        }
        let Some(forward) = forwards.next() else {
            return Err(Failure::new("port_forward is an empty list"));
        };
        let to = forward.toaddr.as_deref().unwrap_or_default();
        let Forward {
            port, proto, toport, ..
        } = forward;
        let text = format!("port={port}:proto={proto}:toport={toport}:toaddr={to}");
        let change = Change::member(format!("forward-port={text}"), wanted);
        Ok(change.summed_up(format!("port_forward {text}"), &self.state))
    }
}

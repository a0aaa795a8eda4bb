//! Rights: bindings, and above them the bindings of whoever handed them on.
//!
//! Rule: an action is allowed only if every layer allows it, so what is handed on can only be narrower.
//! Handing on is refused early when it is plainly wider, so that nobody is surprised later.

use super::binding::{Binding, Effect};
use super::{Action, Decision, Resource, decide};

/// Layers beyond this are refused: a token that made a token that made a token is a mistake.
const LAYERS_MAX: usize = 4;

/// What a principal may do. Without a binding: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// The principal's own bindings first, then those of whoever handed them on, and so on.
    layers: Vec<Vec<Binding>>,
}

/// Why rights cannot be handed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooWide {
    #[error("\"{wanted}\" is wider than what you may do yourself")]
    Wider { wanted: Box<Binding> },
    #[error("these rights were handed on too often already")]
    TooDeep,
}

impl Rights {
    pub fn new(bindings: Vec<Binding>) -> Self {
        Self {
            layers: vec![bindings],
        }
    }

    /// As they were kept; the own layer first.
    pub const fn from_layers(layers: Vec<Vec<Binding>>) -> Self {
        Self { layers }
    }

    /// The own layer first.
    pub fn layers(&self) -> &[Vec<Binding>] {
        &self.layers
    }

    /// The principal's own bindings.
    pub fn bindings(&self) -> &[Binding] {
        self.layers.first().map_or(&[], Vec::as_slice)
    }

    /// Decides with every layer; the first that does not allow is the answer.
    pub fn decide(&self, action: Action, resource: Resource<'_>) -> Decision<'_> {
        let mut decision = Decision::NotGranted;
        for (depth, layer) in self.layers.iter().enumerate() {
            let says = decide(layer, action, resource);
            if !says.is_allowed() {
                return says;
            }
            if depth == 0 {
                decision = says;
            }
        }
        decision
    }

    /// Rights of these bindings under these rights.
    ///
    /// # Errors
    /// A binding allows what these rights plainly do not, or they were handed on too often.
    pub fn hand_on(&self, bindings: Vec<Binding>) -> Result<Self, TooWide> {
        if self.layers.len() >= LAYERS_MAX {
            return Err(TooWide::TooDeep);
        }
        let allowing = bindings.iter().filter(|binding| binding.effect == Effect::Allow);
        for binding in allowing {
            if !self.layers.iter().all(|layer| grants(layer, binding)) {
                let wanted = Box::new(binding.clone());
                return Err(TooWide::Wider { wanted });
            }
        }
        let layers = std::iter::once(bindings).chain(self.layers.iter().cloned());
        Ok(Self {
            layers: layers.collect(),
        })
    }
}

/// Whether for each action of `wanted` some binding of the layer allows it on all of its names.
fn grants(layer: &[Binding], wanted: &Binding) -> bool {
    let actions = Action::ALL.iter().copied();
    let mut wanted_actions = actions.filter(|action| action.is_of(wanted.role) && wanted.is_about(*action));
    wanted_actions.all(|action| {
        let mut allowing = layer.iter().filter(|binding| binding.effect == Effect::Allow);
        allowing.any(|held| action.is_of(held.role) && held.is_about(action) && names_within(held, wanted))
    })
}

fn names_within(held: &Binding, wanted: &Binding) -> bool {
    let within = |name: &super::Pattern| held.names.iter().any(|pattern| pattern.contains(name));
    held.is_about_all_names() || !wanted.names.is_empty() && wanted.names.iter().all(within)
}

//! SimpleRNN: each state follows from the input and the state before it (Elman 1990).

use super::recurrence::{
    BIAS_INITIALIZER, DROPOUT, Equations, GO_BACKWARDS, KERNEL_INITIALIZER, L1, L2, MAX_NORM, RECURRENT_DROPOUT,
    RECURRENT_INITIALIZER, RETURN_SEQUENCES, Recurrent, STATE_ACTIVATION, UNITS, USE_BIAS, function,
};
use crate::model::catalogue::{Schema, Settings};
use crate::ops::recurrent::CellKind;

pub const SIMPLE_RNN: Recurrent = Recurrent {
    schema: &Schema {
        type_name: "SimpleRNN",
        settings: &[
            UNITS,
            STATE_ACTIVATION,
            USE_BIAS,
            KERNEL_INITIALIZER,
            RECURRENT_INITIALIZER,
            BIAS_INITIALIZER,
            DROPOUT,
            RECURRENT_DROPOUT,
            RETURN_SEQUENCES,
            GO_BACKWARDS,
            L1,
            L2,
            MAX_NORM,
        ],
    },
    kind: |_| CellKind::Simple,
    equations,
};

fn equations(settings: &Settings) -> Equations {
    let f = function(settings, "activation");
    let bias = if settings.flag("useBias") { "b_k + " } else { "" };
    Equations {
        forward: vec![
            format!(r"z_{{t,k}} = {bias}\sum_i x_{{t,i}}\,W_{{i,k}} + \sum_j h_{{t-1,j}}\,U_{{j,k}}"),
            format!("h_{{t,k}} = {}", f.of("z_{t,k}")),
        ],
        backward: vec![
            r"\frac{∂L}{∂h_{t,k}} = g_{t,k} + \sum_j δ_{t+1,j}\,U_{k,j}".to_owned(),
            format!(r"δ_{{t,k}} = \frac{{∂L}}{{∂h_{{t,k}}}}\,{}", f.slope("h_{t,k}")),
            r"\frac{∂L}{∂W_{i,k}} = \sum_{n,t} x_{t,i}\,δ_{t,k}".to_owned(),
            r"\frac{∂L}{∂U_{j,k}} = \sum_{n,t} h_{t-1,j}\,δ_{t,k}".to_owned(),
            r"\frac{∂L}{∂x_{t,i}} = \sum_k W_{i,k}\,δ_{t,k}".to_owned(),
        ],
        kept: &[("h_t", 0)],
        gate: 0,
    }
}

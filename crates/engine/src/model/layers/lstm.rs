//! LSTM: a carry that gates write, forget and read, so that gradients last over many steps (Hochreiter and Schmidhuber 1997).

use super::recurrence::{
    BIAS_INITIALIZER, DROPOUT, Equations, GATE_ACTIVATION, GO_BACKWARDS, KERNEL_INITIALIZER, L1, L2, MAX_NORM,
    RECURRENT_DROPOUT, RECURRENT_INITIALIZER, RETURN_SEQUENCES, Recurrent, STATE_ACTIVATION, UNITS, USE_BIAS, function,
};
use crate::model::catalogue::{Schema, Setting, Settings};
use crate::ops::recurrent::CellKind;

pub const LSTM: Recurrent = Recurrent {
    schema: &Schema {
        type_name: "LSTM",
        settings: &[
            UNITS,
            STATE_ACTIVATION,
            GATE_ACTIVATION,
            USE_BIAS,
            KERNEL_INITIALIZER,
            RECURRENT_INITIALIZER,
            BIAS_INITIALIZER,
            Setting::flag("unitForgetBias", true),
            DROPOUT,
            RECURRENT_DROPOUT,
            RETURN_SEQUENCES,
            GO_BACKWARDS,
            L1,
            L2,
            MAX_NORM,
        ],
    },
    kind: |_| CellKind::Lstm,
    equations,
};

fn equations(settings: &Settings) -> Equations {
    let (f, s) = (function(settings, "activation"), function(settings, "recurrentActivation"));
    let bias = if settings.flag("useBias") { r" + b_q" } else { "" };
    let sum = format!(r"x_t\,W_q + h_{{t-1}}\,U_q{bias}");
    let gate = |letter: &str, function: String| format!("{letter}_t = {function}");
    Equations {
        forward: vec![
            format!(r"z_{{q,t}} = {sum},\, q = i,f,c,o"),
            gate("i", s.of("z_{i,t}")),
            gate("f", s.of("z_{f,t}")),
            gate("ĉ", f.of("z_{c,t}")),
            gate("o", s.of("z_{o,t}")),
            r"c_t = f_t\,c_{t-1} + i_t\,ĉ_t".to_owned(),
            format!(r"h_t = o_t\,{}", f.of("c_t")),
        ],
        backward: vec![
            r"\frac{∂L}{∂h_t} = g_t + \sum_q δ_{q,t+1}\,U_q^T".to_owned(),
            format!(r"δ_{{o,t}} = \frac{{∂L}}{{∂h_t}}\,{}\,{}", f.of("c_t"), s.slope("o_t")),
            format!(
                r"\frac{{∂L}}{{∂c_t}} = \frac{{∂L}}{{∂h_t}}\,o_t\,{} + \frac{{∂L}}{{∂c_{{t+1}}}}\,f_{{t+1}}",
                f.slope(&f.of("c_t"))
            ),
            format!(r"δ_{{i,t}} = \frac{{∂L}}{{∂c_t}}\,ĉ_t\,{}", s.slope("i_t")),
            format!(r"δ_{{f,t}} = \frac{{∂L}}{{∂c_t}}\,c_{{t-1}}\,{}", s.slope("f_t")),
            format!(r"δ_{{c,t}} = \frac{{∂L}}{{∂c_t}}\,i_t\,{}", f.slope(r"ĉ_t")),
            r"\frac{∂L}{∂W_q} = \sum_{n,t} x_t^T\,δ_{q,t},\, \frac{∂L}{∂U_q} = \sum_{n,t} h_{t-1}^T\,δ_{q,t}"
                .to_owned(),
        ],
        kept: &[("ĉ_t", 2), ("i_t", 0), ("f_t", 1), ("c_t", 4), ("o_t", 3), ("h_t", 5)],
        gate: 2,
    }
}

//! GRU: an update gate mixes the state with a candidate, and a reset gate says how much of the state the candidate sees
//! (Cho et al. 2014).

use super::recurrence::{
    BIAS_INITIALIZER, DROPOUT, Equations, GATE_ACTIVATION, GO_BACKWARDS, KERNEL_INITIALIZER, L1, L2, MAX_NORM,
    RECURRENT_DROPOUT, RECURRENT_INITIALIZER, RETURN_SEQUENCES, Recurrent, STATE_ACTIVATION, UNITS, USE_BIAS, function,
};
use crate::model::catalogue::{Schema, Setting, Settings};
use crate::ops::recurrent::CellKind;

pub const GRU: Recurrent = Recurrent {
    schema: &Schema {
        type_name: "GRU",
        settings: &[
            UNITS,
            STATE_ACTIVATION,
            GATE_ACTIVATION,
            USE_BIAS,
            KERNEL_INITIALIZER,
            RECURRENT_INITIALIZER,
            BIAS_INITIALIZER,
            Setting::flag("resetAfter", true),
            DROPOUT,
            RECURRENT_DROPOUT,
            RETURN_SEQUENCES,
            GO_BACKWARDS,
            L1,
            L2,
            MAX_NORM,
        ],
    },
    kind: |settings| CellKind::Gru { reset_after: settings.flag("resetAfter") },
    equations,
};

fn equations(settings: &Settings) -> Equations {
    let (f, s) = (function(settings, "activation"), function(settings, "recurrentActivation"));
    let resets_after = settings.flag("resetAfter");
    let has_bias = settings.flag("useBias");
    let bias = |letters: &str| if has_bias { format!(" + {letters}") } else { String::new() };
    let gate = |letter: &str| {
        let own = if resets_after { format!("b_{letter} + d_{letter}") } else { format!("b_{letter}") };
        let sum = format!(r"x_t\,W_{letter} + h_{{t-1}}\,U_{letter}{}", bias(&own));
        format!("{letter}_t = {}", s.of(&sum))
    };
    let candidate = if resets_after {
        let inner = format!(r"h_{{t-1}}\,U_h{}", bias("d_h"));
        format!(r"x_t\,W_h{} + r_t\,({inner})", bias("b_h"))
    } else {
        format!(r"x_t\,W_h + (r_t\,h_{{t-1}})\,U_h{}", bias("b_h"))
    };
    let (inner, of_reset) = if resets_after {
        (r"δ_{h,t}\,r_t", format!(r"h_{{t-1}}\,U_h{}", bias("d_h")))
    } else {
        ("δ_{h,t}", "h_{t-1}".to_owned())
    };
    let of_reset = if resets_after {
        format!(r"δ_{{r,t}} = δ_{{h,t}}\,({of_reset})\,{}", s.slope("r_t"))
    } else {
        format!(r"δ_{{r,t}} = (δ_{{h,t}}\,U_h^T)\,{of_reset}\,{}", s.slope("r_t"))
    };
    let back = if resets_after { format!(r"({inner})\,U_h^T") } else { format!(r"r_{{t}}\,({inner}\,U_h^T)") };
    Equations {
        forward: vec![
            gate("z"),
            gate("r"),
            format!(r"ĥ_t = {}", f.of(&candidate)),
            r"h_t = z_t\,h_{t-1} + (1 - z_t)\,ĥ_t".to_owned(),
        ],
        backward: vec![
            format!(r"δ_{{h,t}} = \frac{{∂L}}{{∂h_t}}\,(1 - z_t)\,{}", f.slope(r"ĥ_t")),
            format!(r"δ_{{z,t}} = \frac{{∂L}}{{∂h_t}}\,(h_{{t-1}} - ĥ_t)\,{}", s.slope("z_t")),
            of_reset,
            format!(
                r"\frac{{∂L}}{{∂h_{{t-1}}}} = g_{{t-1}} + \frac{{∂L}}{{∂h_t}}\,z_t + δ_{{z,t}}\,U_z^T + δ_{{r,t}}\,U_r^T + {back}"
            ),
            r"\frac{∂L}{∂W_q} = \sum_{n,t} x_t^T\,δ_{q,t},\, q = z,r,h".to_owned(),
        ],
        kept: &[("z_t", 0), ("r_t", 1), ("ĥ_t", 2), ("h_t", 4)],
        gate: 2,
    }
}

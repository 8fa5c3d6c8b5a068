//! WGSL from its parts: buffers, an op's functions, a fused pointwise program, an entry point.

use std::fmt::Write as _;

use crate::ir::expr::{BinaryFunction, UnaryFunction};
use crate::ir::gpu::{Element, Form, constants, division, index_function};
use crate::plan::program::{Access, Instruction, Program, Value};

/// Invocations of a workgroup if the op does not choose.
pub const WORKGROUP_SIZE: usize = 64;
/// Maximum number of workgroups along one axis that every device allows.
const MAX_WORKGROUPS: usize = 65_535;

/// Pointwise program at the end of a kernel.
pub struct Epilogue<'a> {
    pub program: &'a Program,
    pub operands: Vec<(Origin, &'a Access)>,
    /// Number of elements.
    pub count: usize,
}

/// Source of an operand of a pointwise program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Buffer of this binding.
    Binding(usize),
    /// Value that the kernel has computed.
    Value,
    /// Previous value of the output buffer.
    Output,
}

/// Writes a shader, and returns it with its number of workgroups.
pub fn shader(
    elements: &[Element],
    integers: bool,
    source: &str,
    form: Form,
    epilogue: Option<&Epilogue<'_>>,
) -> (String, [u32; 3]) {
    let mut text = String::with_capacity(source.len() + 2048);
    for (binding, element) in elements.iter().enumerate() {
        let scalar = match element {
            Element::F32 => "f32",
            Element::I32 => "i32",
            Element::Vec4 => "vec4<f32>",
        };
        let _ = writeln!(text, "@group(0) @binding({binding}) var<storage, read> x{binding}: array<{scalar}>;");
    }
    let scalar = if integers { "i32" } else { "f32" };
    let output = elements.len();
    let _ = writeln!(text, "@group(0) @binding({output}) var<storage, read_write> out: array<{scalar}>;");
    match epilogue {
        Some(epilogue) => {
            text.push_str(&program(epilogue));
            text.push_str("fn store(i: u32, value: f32) { out[i] = finish(i, value); }\n");
        }
        None => {
            let _ = writeln!(text, "fn store(i: u32, value: {scalar}) {{ out[i] = value; }}");
        }
    }
    text.push_str(source);
    let workgroups = entry(&mut text, form);
    finish(&mut text, epilogue.map(|epilogue| epilogue.count));
    (text, workgroups)
}

/// Writes the shader that gathers `count` rows of `width` bytes or words from a data set; it is not part of a plan.
pub fn rows(width: usize, count: usize, are_words: bool) -> (String, [u32; 3]) {
    let form = Form::Elements { count: count * width };
    let width = constants(&[("WIDTH", width)]);
    if are_words {
        let source = width + include_str!("word_rows.wgsl");
        // As integers, so that every bit pattern comes through.
        return shader(&[Element::I32, Element::I32], true, &source, form, None);
    }
    let source = width + include_str!("rows.wgsl");
    shader(&[Element::I32, Element::I32, Element::F32], false, &source, form, None)
}

fn entry(text: &mut String, form: Form) -> [u32; 3] {
    let (count, call) = match form {
        Form::Elements { count } => (count, "store(i, element(i));"),
        Form::Quads { count } => (
            count.div_ceil(4),
            "let four = quad(i);\n    store(4u * i, four.x);\n    store(4u * i + 1u, four.y);\n    \
             store(4u * i + 2u, four.z);\n    store(4u * i + 3u, four.w);",
        ),
        Form::Rows { count } => (count, "row(i);"),
        Form::Tiles { workgroup_size: [x, y, z], workgroups } => {
            let _ = write!(
                text,
                "@compute @workgroup_size({x}, {y}, {z})\nfn main(@builtin(workgroup_id) group: vec3<u32>, \
                 @builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) index: u32) {{\n    \
                 tile(group, local, index);\n}}\n"
            );
            return workgroups;
        }
    };
    let groups = count.div_ceil(WORKGROUP_SIZE);
    let across = groups.clamp(1, MAX_WORKGROUPS);
    let _ = write!(
        text,
        "@compute @workgroup_size({WORKGROUP_SIZE})\nfn main(@builtin(global_invocation_id) id: vec3<u32>) {{\n    \
         let i = id.x + id.y * {}u;\n    if (i >= {count}u) {{ return; }}\n    {call}\n}}\n",
        across * WORKGROUP_SIZE
    );
    [across as u32, groups.div_ceil(across) as u32, 1]
}

/// Writes `fn finish(i: u32, value: f32) -> f32`: a pointwise program for element `i`.
fn program(epilogue: &Epilogue<'_>) -> String {
    let mut functions = String::new();
    let mut body = String::from("fn finish(i: u32, value: f32) -> f32 {\n");
    for (number, (origin, access)) in epilogue.operands.iter().enumerate() {
        let at = element_of(access, &format!("at{number}"), &mut functions);
        let _ = match origin {
            Origin::Binding(binding) => writeln!(body, "    let o{number} = x{binding}[{at}];"),
            Origin::Value => writeln!(body, "    let o{number} = value;"),
            Origin::Output => writeln!(body, "    let o{number} = out[i];"),
        };
    }
    instructions(epilogue.program, &mut body);
    functions + &body
}

/// Writes the index of an operand's element for element `i` of the result. If that needs more than an expression, adds
/// a function.
fn element_of(access: &Access, name: &str, functions: &mut String) -> String {
    match access {
        Access::Full => "i".to_owned(),
        Access::Scalar => "0u".to_owned(),
        Access::Trailing { period } => format!("u32(index_remainder(i32(i), {period}))"),
        Access::Leading { inner } => format!("u32(index_quotient(i32(i), {inner}))"),
        Access::General(broadcast) => {
            let axes: Vec<(usize, usize)> = broadcast.axes().iter().rev().copied().collect();
            functions.push_str(&index_function(name, &axes, 0));
            format!("{name}(i)")
        }
    }
}

/// Writes the rest of a function that computes a program from its operands `o0, o1, ...` and returns the result.
fn instructions(program: &Program, body: &mut String) {
    let mut registers = vec![String::new(); program.registers];
    for (position, (instruction, target)) in program.instructions.iter().enumerate() {
        // The compiler would evaluate an operation on two constants, and refuses one without a finite value.
        let read = |value: Value, body: &mut String| match value {
            Value::Register(register) => registers[usize::from(register)].clone(),
            Value::Operand(operand) => format!("o{operand}"),
            Value::Constant(number) => {
                let name = format!("k{position}_{}", body.len());
                let _ = writeln!(body, "    let {name} = {};", constant(number));
                name
            }
        };
        let expression = match *instruction {
            Instruction::Move(a) => read(a, body),
            Instruction::Unary(function, a) => unary(function, &read(a, body)),
            // The compiler may assume that there are no infinities, and that 0 times any number is 0.
            Instruction::Binary(BinaryFunction::Mul, a, Value::Constant(0.0)) => {
                format!("zero_if_finite({})", read(a, body))
            }
            Instruction::Binary(function, a, b) => {
                let a = read(a, body);
                binary(function, &a, &read(b, body))
            }
            Instruction::Select(condition, yes, no) => {
                let condition = read(condition, body);
                let yes = read(yes, body);
                format!("select({}, {yes}, {condition} != 0.0)", read(no, body))
            }
        };
        let _ = writeln!(body, "    let v{position} = {expression};");
        if let Some(register) = registers.get_mut(usize::from(*target)) {
            *register = format!("v{position}");
        }
    }
    let _ = writeln!(body, "    return v{};\n}}", program.instructions.len().saturating_sub(1));
}

/// One of the pointwise kernels that run one after the other for each element.
#[derive(PartialEq)]
pub struct LaneKernel<'a> {
    pub program: &'a Program,
    pub operands: Vec<(LaneOperand, &'a Access)>,
    pub output: LaneOperand,
}

/// A slot in a buffer; the stretch gives its offset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LaneOperand {
    pub binding: usize,
    pub slot: usize,
}

/// Number of elements over which the kernels run, and the offset of each slot.
pub struct Stretch {
    pub count: usize,
    pub offsets: Vec<usize>,
}

/// Writes a shader that runs pointwise kernels over several stretches, each in workgroups of its own, and returns it
/// with its number of workgroups. The last `written` of its buffers are written.
pub fn lane_shader(
    kernels: &[LaneKernel<'_>],
    buffers: usize,
    written: usize,
    stretches: &[Stretch],
) -> (String, [u32; 3]) {
    let mut text = String::with_capacity(4096);
    for binding in 0..buffers {
        let access = if binding + written < buffers { "read" } else { "read_write" };
        let _ = writeln!(text, "@group(0) @binding({binding}) var<storage, {access}> x{binding}: array<f32>;");
    }
    let slots = stretches.first().map_or(0, |stretch| stretch.offsets.len());
    // An offset that is the same for all stretches is a constant in the text.
    let is_fixed = |slot: usize| stretches.iter().all(|stretch| stretch.offsets[slot] == stretches[0].offsets[slot]);
    let base = |slot: usize| match stretches[0].offsets[slot] {
        0 if is_fixed(slot) => String::new(),
        offset if is_fixed(slot) => format!("{offset}u + "),
        _ => format!("b{slot} + "),
    };
    let mut body = String::new();
    let mut values: Vec<Option<String>> = vec![None; slots];
    for (position, kernel) in kernels.iter().enumerate() {
        let mut arguments = Vec::new();
        for (number, (operand, access)) in kernel.operands.iter().enumerate() {
            let value = match &values[operand.slot] {
                Some(value) => value.clone(),
                None => {
                    let at = element_of(access, &format!("at{position}_{number}"), &mut text);
                    format!("x{}[{}{at}]", operand.binding, base(operand.slot))
                }
            };
            arguments.push(value);
        }
        let parameters: Vec<String> = (0..arguments.len()).map(|number| format!("o{number}: f32")).collect();
        let _ = writeln!(text, "fn kernel{position}({}) -> f32 {{", parameters.join(", "));
        instructions(kernel.program, &mut text);
        let LaneOperand { binding, slot } = kernel.output;
        let _ = writeln!(body, "    let y{position} = kernel{position}({});", arguments.join(", "));
        let _ = writeln!(body, "    x{binding}[{}i] = y{position};", base(slot));
        values[slot] = Some(format!("y{position}"));
    }

    let groups = |stretch: &Stretch| stretch.count.div_ceil(WORKGROUP_SIZE);
    let all: usize = stretches.iter().map(groups).sum();
    let across = all.clamp(1, MAX_WORKGROUPS);
    let _ = write!(
        text,
        "@compute @workgroup_size({WORKGROUP_SIZE})\nfn main(@builtin(workgroup_id) group: vec3<u32>, \
         @builtin(local_invocation_index) index: u32) {{\n    let number = group.x + group.y * {across}u;\n    \
         var first = 0u;\n    var count = {}u;\n",
        stretches.first().map_or(0, |stretch| stretch.count)
    );
    let moving: Vec<usize> = (0..slots).filter(|&slot| !is_fixed(slot)).collect();
    for &slot in &moving {
        let _ = writeln!(text, "    var b{slot} = {}u;", stretches[0].offsets[slot]);
    }
    let mut first = stretches.first().map_or(0, groups);
    for stretch in stretches.iter().skip(1) {
        let _ = write!(text, "    if (number >= {first}u) {{ first = {first}u; count = {}u;", stretch.count);
        for &slot in &moving {
            let _ = write!(text, " b{slot} = {}u;", stretch.offsets[slot]);
        }
        text.push_str(" }\n");
        first += groups(stretch);
    }
    let _ = write!(
        text,
        "    let i = (number - first) * {WORKGROUP_SIZE}u + index;\n    if (i >= count) {{ return; }}\n{body}}}\n"
    );
    let longest = stretches.iter().map(|stretch| stretch.count).max().unwrap_or(0);
    finish(&mut text, Some(longest));
    (text, [across as u32, all.div_ceil(across) as u32, 1])
}

/// Adds the functions that a text names.
fn finish(text: &mut String, count: Option<usize>) {
    if let Some(count) = count.filter(|_| text.contains("index_")) {
        // The names differ from the op's: its source may divide other numbers.
        text.push_str(&division(count).replace("quotient", "index_quotient").replace("remainder", "index_remainder"));
    }
    for (name, function) in FUNCTIONS {
        if text.contains(name) {
            text.push_str(function);
        }
    }
}

/// Writes a number as WGSL. WGSL has no infinities, so they become the greatest numbers.
fn constant(number: f32) -> String {
    format!("f32({:?})", if number.is_nan() { 0.0 } else { number.clamp(f32::MIN, f32::MAX) })
}

fn unary(function: UnaryFunction, a: &str) -> String {
    match function {
        UnaryFunction::Neg => format!("-{a}"),
        UnaryFunction::Rsqrt => format!("(1.0 / sqrt({a}))"),
        UnaryFunction::Tanh => format!("hyperbolic_tangent({a})"),
        UnaryFunction::Log1p => format!("log_of_one_plus({a})"),
        UnaryFunction::Erf => format!("error_function({a})"),
        UnaryFunction::Abs | UnaryFunction::Exp | UnaryFunction::Log | UnaryFunction::Sqrt => {
            format!("{}({a})", function.name())
        }
    }
}

fn binary(function: BinaryFunction, a: &str, b: &str) -> String {
    match function {
        BinaryFunction::Pow => format!("power({a}, {b})"),
        // Keeps a NaN in `a`.
        BinaryFunction::Max => format!("select({a}, {b}, {b} > {a})"),
        BinaryFunction::Min => format!("select({a}, {b}, {b} < {a})"),
        BinaryFunction::Greater | BinaryFunction::GreaterEqual | BinaryFunction::Equal => {
            format!("select(0.0, 1.0, {a} {} {b})", function.symbol())
        }
        BinaryFunction::Add | BinaryFunction::Sub | BinaryFunction::Mul | BinaryFunction::Div => {
            format!("({a} {} {b})", function.symbol())
        }
    }
}

/// Functions that are added if the text names them.
const FUNCTIONS: &[(&str, &str)] = &[
    ("is_nan(", "fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }\n"),
    ("not_a_number(", "fn not_a_number(i: u32) -> f32 { return bitcast<f32>(0x7fc00000u | (i & 1u)); }\n"),
    (
        // Not 0 for an infinity and a NaN, but 1, since compilers may assume that there are no NaNs.
        "zero_if_finite(",
        "fn zero_if_finite(x: f32) -> f32 { return select(0.0, 1.0, (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u); }\n",
    ),
    (
        // Beyond 9 it is 1 in single precision; some implementations overflow for large arguments, and are inaccurate
        // near 0.
        "hyperbolic_tangent(",
        "fn hyperbolic_tangent(x: f32) -> f32 {\n    if (abs(x) < 0.25) {\n        let s = x * x;\n        \
         return x * (1.0 + s * (-0.33333333 + s * (0.13333333 + s * (-0.053968254 + s * 0.021869488))));\n    }\n    \
         let t = exp(-2.0 * min(abs(x), 10.0));\n    let y = (1.0 - t) / (1.0 + t);\n    \
         return select(select(y, -y, x < 0.0), x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);\n}\n",
    ),
    (
        "log_of_one_plus(",
        "fn log_of_one_plus(x: f32) -> f32 {\n    \
         let near = x * (1.0 + x * (-0.5 + x * (0.33333333 + x * (-0.25 + x * (0.2 + x * (-0.16666667 + x * 0.14285714))))));\n    \
         return select(log(1.0 + x), near, abs(x) < 0.06);\n}\n",
    ),
    (
        // Abramowitz and Stegun, formula 7.1.26; near 0 the series, because the formula loses digits there.
        "error_function(",
        "fn error_function(x: f32) -> f32 {\n    let m = abs(x);\n    let t = 1.0 / (1.0 + 0.3275911 * m);\n    \
         let p = t * (0.2548296 + t * (-0.28449674 + t * (1.4214138 + t * (-1.4531521 + t * 1.0614054))));\n    \
         let y = 1.0 - p * exp(-m * m);\n    return select(y, -y, x < 0.0);\n}\n",
    ),
    (
        // As in C: a negative base has a power if the exponent is an integer.
        "power(",
        "fn power(a: f32, b: f32) -> f32 {\n    if (b == 0.0) { return 1.0; }\n    \
         if (b == 2.0) { return a * a; }\n    let m = exp2(b * log2(abs(a)));\n    \
         if (a == 0.0) { return select(1.0 / abs(a), 0.0, b > 0.0); }\n    if (a > 0.0) { return m; }\n    \
         if (floor(b) != b) { return bitcast<f32>(0x7fc00000u | (bitcast<u32>(a) & 1u)); }\n    \
         let half = 0.5 * b;\n    return select(-m, m, floor(half) == half);\n}\n",
    ),
];

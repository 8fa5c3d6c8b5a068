//! Winograd's filtering against plain loops in `f64`, over every way in which tiles can fit an image.

use chalkgrad_simd::conv::{ConvGeometry, direct, winograd};
use chalkgrad_simd::reference;

/// Returns evenly spread numbers from -0.5 to 0.5 without a pattern (xorshift, Marsaglia 2003).
fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}

fn geometry(batch: usize, [height, width]: [usize; 2], [cin, cout]: [usize; 2], pad: usize) -> ConvGeometry {
    ConvGeometry {
        batch,
        height,
        width,
        in_channels: cin,
        kernel_height: 3,
        kernel_width: 3,
        out_height: height + 2 * pad - 2,
        out_width: width + 2 * pad - 2,
        out_channels: cout,
        stride_height: 1,
        stride_width: 1,
        dilation_height: 1,
        dilation_width: 1,
        pad_top: pad,
        pad_left: pad,
    }
}

struct Operands {
    input: Vec<f32>,
    kernel: Vec<f32>,
    gradient: Vec<f32>,
}

fn operands(g: &ConvGeometry) -> Operands {
    Operands {
        input: values(g.batch * g.height * g.width * g.in_channels, 1),
        kernel: values(9 * g.in_channels * g.out_channels, 2),
        gradient: values(g.batch * g.out_height * g.out_width * g.out_channels, 3),
    }
}

fn assert_close(what: &str, g: &ConvGeometry, actual: &[f32], expected: &[f32]) {
    let scale = expected.iter().fold(1e-3f32, |most, value| most.max(value.abs()));
    for (index, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!((a - e).abs() <= 1e-5 * scale, "{what} {g:?}: element {index} is {a}, expected {e}");
    }
}

#[test]
fn every_size_gives_what_plain_loops_give() {
    let mut scratch = Vec::new();
    let sizes = (3..=12).flat_map(|height| [[height, 3], [height, 7], [height, height], [5, height + 1]]);
    let small = sizes.flat_map(|size| [0, 1].map(|pad| geometry(3, size, [4, 12], pad)));
    let large =
        [geometry(17, [13, 13], [32, 64], 0), geometry(40, [5, 5], [64, 20], 0), geometry(2, [19, 23], [20, 16], 1)];
    for g in small.chain(large) {
        let Operands { input, kernel, gradient } = operands(&g);
        // The previous content must not matter.
        let mut output = vec![f32::NAN; gradient.len()];
        let mut finished = vec![0; gradient.len()];
        let mut finish =
            |part: &mut [f32], offset: usize| finished[offset..][..part.len()].iter_mut().for_each(|f| *f += 1);
        winograd::conv2d(&g, &input, &kernel, &mut output, &mut scratch, &mut finish);
        assert!(finished.iter().all(|times| *times == 1), "{g:?}: finished {finished:?}");
        assert_close("forward", &g, &output, &reference::conv2d(&g, &input, &kernel));

        let mut to_input = vec![f32::NAN; input.len()];
        let mut finished = vec![0; input.len()];
        let mut finish =
            |part: &mut [f32], offset: usize| finished[offset..][..part.len()].iter_mut().for_each(|f| *f += 1);
        winograd::conv2d_input_gradient(&g, &gradient, &kernel, &mut to_input, &mut scratch, &mut finish);
        assert!(finished.iter().all(|times| *times == 1), "{g:?}: finished {finished:?}");
        assert_close("input gradient", &g, &to_input, &reference::conv2d_input_gradient(&g, &gradient, &kernel));

        let mut to_kernel = vec![f32::NAN; kernel.len()];
        winograd::conv2d_kernel_gradient(&g, &input, &gradient, &mut to_kernel, &mut scratch, false);
        assert_close("kernel gradient", &g, &to_kernel, &reference::conv2d_kernel_gradient(&g, &input, &gradient));
    }
}

#[test]
fn kernel_gradients_of_several_calls_have_the_bits_of_one() {
    let g = geometry(70, [13, 13], [16, 20], 0);
    let Operands { input, gradient, .. } = operands(&g);
    let (mut scratch, mut whole, mut parts) = (Vec::new(), vec![0.0; 9 * 16 * 20], vec![f32::NAN; 9 * 16 * 20]);
    winograd::conv2d_kernel_gradient(&g, &input, &gradient, &mut whole, &mut scratch, false);
    let images = winograd::block_images(&g) * 2;
    let (input_words, gradient_words) = (images * input.len() / g.batch, images * gradient.len() / g.batch);
    for (index, (input, gradient)) in input.chunks(input_words).zip(gradient.chunks(gradient_words)).enumerate() {
        winograd::conv2d_kernel_gradient(&g, input, gradient, &mut parts, &mut scratch, index > 0);
    }
    assert_eq!(whole, parts);
}

#[test]
fn an_image_does_not_depend_on_the_others() {
    let g = geometry(19, [13, 13], [16, 16], 0);
    let Operands { input, kernel, gradient } = operands(&g);
    let (mut scratch, mut all, mut one) = (Vec::new(), vec![0.0; gradient.len()], vec![0.0; gradient.len() / 19]);
    winograd::conv2d(&g, &input, &kernel, &mut all, &mut scratch, &mut |_, _| {});
    let single = ConvGeometry { batch: 1, ..g };
    winograd::conv2d(&single, &input[18 * input.len() / 19..], &kernel, &mut one, &mut scratch, &mut |_, _| {});
    assert_eq!(all[18 * one.len()..], one);
}

/// Checks that nothing changes when there are few products or the stride is not 1.
#[test]
fn it_is_chosen_where_it_pays() {
    let reference_cnn = geometry(32, [13, 13], [32, 64], 0);
    assert!(winograd::pays(&reference_cnn));
    assert!(!winograd::pays(&ConvGeometry { batch: 1, ..reference_cnn }));
    assert!(!winograd::pays(&ConvGeometry { stride_height: 2, out_height: 6, ..reference_cnn }));
    assert!(!winograd::pays(&ConvGeometry { dilation_width: 2, out_width: 9, ..reference_cnn }));
    assert!(!winograd::pays(&geometry(32, [28, 28], [1, 32], 0)));
    assert!(!winograd::pays(&geometry(32, [13, 13], [18, 32], 0)));
}

/// Bounds the digits that the larger tiles lose, on the sizes of the reference CNN.
#[test]
fn errors_stay_within_a_few_units_in_the_last_place_of_the_largest_values() {
    let g = geometry(8, [13, 13], [32, 64], 0);
    let Operands { input, kernel, .. } = operands(&g);
    let expected = reference::conv2d(&g, &input, &kernel);
    let scale = expected.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    let worst =
        |actual: &[f32]| actual.iter().zip(&expected).fold(0.0f32, |most, (a, e)| most.max((a - e).abs())) / scale;
    let (mut scratch, mut output) = (Vec::new(), vec![0.0; expected.len()]);
    direct::conv2d(&g, &input, &kernel, &mut output, &mut scratch, &mut |_, _| {});
    assert!(worst(&output) < 1e-6, "direct: {}", worst(&output));
    winograd::conv2d(&g, &input, &kernel, &mut output, &mut scratch, &mut |_, _| {});
    assert!(worst(&output) < 4e-6, "winograd: {}", worst(&output));
}

/// Checks exact zeros: a ReLU and its gradient tell zero from almost zero.
#[test]
fn what_sees_only_zeros_is_zero() {
    let mut scratch = Vec::new();
    for (size, pad) in [([13, 13], 0), ([11, 14], 1), ([5, 5], 0), ([3, 9], 1)] {
        let g = geometry(3, size, [16, 20], pad);
        let Operands { mut input, kernel, mut gradient } = operands(&g);
        // Blobs of ink on a blank background, different ones in each image.
        for (values, width, channels) in [(&mut input, g.width, 16), (&mut gradient, g.out_width, 20)] {
            for (pixel, values) in values.chunks_exact_mut(channels).enumerate() {
                if (pixel / width + pixel / 3) % 5 < 3 || pixel % 11 < 4 {
                    values.fill(0.0);
                }
            }
        }
        let mut output = vec![f32::NAN; gradient.len()];
        winograd::conv2d(&g, &input, &kernel, &mut output, &mut scratch, &mut |_, _| {});
        let mut to_input = vec![f32::NAN; input.len()];
        winograd::conv2d_input_gradient(&g, &gradient, &kernel, &mut to_input, &mut scratch, &mut |_, _| {});
        let expected =
            [reference::conv2d(&g, &input, &kernel), reference::conv2d_input_gradient(&g, &gradient, &kernel)];
        for (actual, expected) in [output, to_input].iter().zip(&expected) {
            assert!(expected.contains(&0.0) && expected.iter().any(|value| *value != 0.0), "{g:?} shows nothing");
            for (index, (a, e)) in actual.iter().zip(expected).enumerate() {
                assert_eq!(*a == 0.0, *e == 0.0, "{g:?}: element {index} is {a:e}, expected {e:e}");
            }
        }
    }
}

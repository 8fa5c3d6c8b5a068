//! Tensors of a session: reading, writing and keeping them.

use super::*;

#[test]
fn tensors_are_read_and_written_by_name() {
    let mut session = session(small());
    assert!(!session.tensor_names().iter().any(|name| name.starts_with("grad")));
    assert_eq!(session.tensor("grad conv2d.kernel").unwrap_err().code, "no-value-yet");
    train(&mut session, steps(1));
    for name in session.tensor_names() {
        assert!(session.fetch_tensor(&name).unwrap());
        session.tensor(&name).unwrap();
    }
    assert_eq!(session.tensor("conv2d.output").unwrap().shape().dims(), [32, 6, 6, 4]);
    assert_eq!(session.tensor("grad conv2d.kernel").unwrap().shape().dims(), [3, 3, 1, 4]);
    session.predict(Pixels::F32(vec![0.5; 2 * SIDE * SIDE])).unwrap();
    assert_eq!(session.tensor("dense.output").unwrap().shape().dims(), [2, 3]);
    assert_eq!(session.tensor("grad conv2d.kernel").unwrap().shape().dims(), [3, 3, 1, 4]);

    // Many predictions of different sizes never take away what the last step or the last prediction left.
    for count in 1..20 {
        session.predict(Pixels::F32(vec![0.5; count * SIDE * SIDE])).unwrap();
        assert_eq!(session.tensor("dense.output").unwrap().shape().dims(), [count, 3]);
        session.tensor("grad conv2d.kernel").unwrap();
    }
    for count in 1..20 {
        evaluate(&mut session, Split::Test, Some(count));
        let readable = session.tensor("dense.output").is_ok();
        assert_eq!(readable, session.tensor_names().contains(&"dense.output".to_owned()));
    }

    let before = session.tensor("dense.bias").unwrap();
    assert_eq!(session.set_tensor("dense.bias", vec![1.0; 4]).unwrap_err().code, "wrong-length");
    assert_eq!(session.set_tensor("grad dense.bias", vec![1.0; 3]).unwrap_err().code, "read-only");
    let error = session.set_tensor("dense.bais", vec![1.0; 3]).unwrap_err();
    assert_eq!(error.code, "unknown-tensor");
    assert!(error.to_string().contains("Did you mean \"dense.bias\"?"), "{error}");
    assert_eq!(session.tensor("dense.bias").unwrap(), before);
    session.set_tensor("dense.bias", vec![100.0, 0.0, 0.0]).unwrap();
    assert!(session.predict(Pixels::F32(vec![0.5; SIDE * SIDE])).unwrap().0[0] > 0.99);
    for pixels in [Pixels::U8(vec![]), Pixels::U8(vec![0; 65]), Pixels::F32(vec![0.0; 63])] {
        assert_eq!(session.predict(pixels).unwrap_err().code, "wrong-length");
    }
}

/// A layer is recognised by where it stood, whatever it is called now.
#[test]
fn an_edit_keeps_the_weights_of_layers_that_did_not_change() {
    let layers = |filters: u32, dropout: &str| {
        spec(&format!(
            r#"[{{"type": "Conv2D", "filters": 4, "kernelSize": 3}}, {{"type": "BatchNormalization"}},
                {{"type": "Conv2D", "filters": {filters}, "kernelSize": 3, "activation": "relu"}}, {{"type": "Flatten"}},
                {dropout} {{"type": "Dense", "units": 3, "activation": "softmax"}}]"#
        ))
    };
    let mut session = session(layers(4, ""));
    let read = |session: &Session, name: &str| session.tensor(name).unwrap().into_words();
    // Until the first training an edited model has the seed's weights.
    session.edit_model(&layers(6, ""), &[Some(0), Some(1), Some(2), Some(3), Some(4)]).unwrap();
    let edited = read(&session, "dense.kernel");
    session.set_model(&layers(6, "")).unwrap();
    assert_eq!(read(&session, "dense.kernel"), edited);

    train(&mut session, steps(5));
    let names = ["conv2d.kernel", "batch_normalization.moving_mean", "conv2d_1.kernel", "dense.kernel", "dense.bias"];
    let before = names.map(|name| read(&session, name));
    // A dropout is put in: nothing else changes.
    let dropout = r#"{"type": "Dropout", "rate": 0.5},"#;
    session.edit_model(&layers(6, dropout), &[Some(0), Some(1), Some(2), Some(3), None, Some(4)]).unwrap();
    assert_eq!(names.map(|name| read(&session, name)), before);
    // Another number of filters: that layer and the one that reads it are new.
    session.edit_model(&layers(7, dropout), &[Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)]).unwrap();
    assert_eq!(read(&session, "conv2d.kernel"), before[0]);
    assert_eq!(read(&session, "batch_normalization.moving_mean"), before[1]);
    assert_ne!(read(&session, "conv2d_1.kernel").len(), before[2].len());
    // A model that is refused changes nothing.
    assert!(session.edit_model(&spec(r#"[{"type": "Dense", "units": 3}]"#), &[Some(0)]).is_err());
    assert_eq!(read(&session, "conv2d.kernel"), before[0]);
    // It trains on, and nonsense in `kept` is no more than nothing to keep.
    train(&mut session, steps(3));
    session.edit_model(&layers(7, ""), &[Some(99), None, Some(0)]).unwrap();
    session.reset();
    let seeded = read(&session, "conv2d.kernel");
    session.set_model(&layers(7, "")).unwrap();
    assert_eq!(read(&session, "conv2d.kernel"), seeded);
}

#[test]
fn a_look_disturbs_neither_outputs_nor_training() {
    use chalkgrad_engine::protocol::{ArrayData, MODEL_OUTPUT};
    let mut looked = session(small());
    let mut other = session(small());
    let image = ArrayData::U8(bars(1, 5).0);
    let names = ["conv2d.output", "conv2d.kernel", "grad conv2d.kernel", "nothing", MODEL_OUTPUT].map(str::to_owned);
    assert!(looked.prepare_inspection(&image, &names).unwrap());
    let tensors = looked.inspect(&image, &names).unwrap();
    assert_eq!(tensors[0].as_ref().unwrap().shape().dims(), [1, 6, 6, 4]);
    assert!(tensors[1].is_some() && tensors[2].is_none() && tensors[3].is_none());
    train(&mut looked, steps(2));
    train(&mut other, steps(2));
    let batch = looked.tensor("conv2d.output").unwrap();
    assert_eq!(batch.shape().dims()[0], 32);
    looked.prepare_inspection(&image, &names).unwrap();
    assert!(looked.inspect(&image, &names).unwrap()[2].is_some());
    assert_eq!(looked.tensor("conv2d.output").unwrap(), batch);
    assert_eq!(train(&mut looked, steps(3)).losses(), train(&mut other, steps(3)).losses());
    // The same numbers as a prediction's.
    let (probabilities, _) = looked.predict(Pixels::U8(bars(1, 5).0)).unwrap();
    looked.prepare_inspection(&image, &names).unwrap();
    let tensors = looked.inspect(&image, &names).unwrap();
    assert_eq!(tensors[0], Some(looked.tensor("conv2d.output").unwrap()));
    assert_eq!(tensors[4].as_ref().unwrap().words(), probabilities);
    assert_eq!(looked.inspect(&ArrayData::U8(vec![0; 3]), &names).unwrap_err().code, "wrong-length");
}

#[test]
fn vitals_are_what_the_step_did() {
    let sgd = |momentum: f64, nesterov: bool| {
        OptimizerSpec::new(
            "SGD",
            [("learningRate", 0.05.into()), ("momentum", momentum.into()), ("nesterov", nesterov.into())],
        )
        .unwrap()
    };
    let optimizers = [
        sgd(0.0, false),
        sgd(0.9, false),
        sgd(0.9, true),
        OptimizerSpec::new("RMSprop", [("learningRate", 0.01.into()), ("rho", 0.9.into()), ("epsilon", (1e-7).into())])
            .unwrap(),
        OptimizerSpec::new(
            "Adagrad",
            [("learningRate", 0.01.into()), ("initialAccumulatorValue", 0.1.into()), ("epsilon", (1e-7).into())],
        )
        .unwrap(),
        OptimizerSpec::default(),
        OptimizerSpec::new(
            "AdamW",
            [
                ("learningRate", 0.01.into()),
                ("beta1", 0.9.into()),
                ("beta2", 0.999.into()),
                ("epsilon", (1e-7).into()),
                ("weightDecay", 0.1.into()),
            ],
        )
        .unwrap(),
    ];
    let norm = |values: &[f32]| values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    for (at, optimizer) in optimizers.into_iter().enumerate() {
        let mut session = session(small());
        assert_eq!(session.layer_stats("conv2d").unwrap_err().code, "no-value-yet");
        let clip_norm = (at % 2 == 0).then_some(0.05);
        let schedule = ScheduleSpec::new("Cosine", [("finalFactor", 0.1.into())]).unwrap();
        let config = TrainingConfig {
            optimizer: optimizer.clone(),
            clip_norm,
            learning_rate_schedule: schedule,
            ..session.training().clone()
        };
        session.set_training(config).unwrap();
        train(&mut session, steps(3));
        for name in ["conv2d.kernel", "batch_normalization.gamma", "dense.bias"] {
            let (layer, weight) = name.split_once('.').unwrap();
            let before = session.tensor(name).unwrap().into_words();
            train(&mut session, steps(1));
            let after = session.tensor(name).unwrap().into_words();
            let update: Vec<f32> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
            let expected = norm(&update) / norm(&after);
            let layer_stats = session.layer_stats(layer).unwrap();
            let found = layer_stats.updates.iter().find(|update| update.weight == weight).unwrap();
            let ratio = f64::from(found.ratio);
            assert!((ratio - expected).abs() <= 2e-3 * expected + 1e-6, "{optimizer:?} {name}: {ratio} for {expected}");
        }
    }
    // Units that a bias holds below zero are dead; the others see noise and are not.
    let mut session = session(spec(
        r#"[{"type": "Flatten"}, {"type": "Dense", "units": 6, "activation": "relu"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#,
    ));
    session.set_tensor("dense.bias", vec![-100.0, 100.0, -100.0, 100.0, 100.0, 100.0]).unwrap();
    train(&mut session, steps(1));
    let layer_stats = session.layer_stats("dense").unwrap();
    assert_eq!((layer_stats.units, layer_stats.dead_units), (6, 2));
    assert_eq!(session.layer_stats("dens").unwrap_err().code, "unknown-layer");
}

/// More outputs than classes are allowed, as in Keras; a prediction beyond the classes is a wrong one of its own.
#[test]
fn outputs_beyond_the_classes_are_counted_or_refused() {
    let layers = |units: usize| {
        spec(&format!(r#"[{{"type": "Flatten"}}, {{"type": "Dense", "units": {units}, "activation": "softmax"}}]"#))
    };
    let mut session = session(layers(256));
    let mut bias = vec![0.0; 256];
    bias[255] = 100.0;
    session.set_tensor("dense.bias", bias).unwrap();
    session.start_evaluation(Split::Test, None).unwrap();
    let Progress::Evaluated(evaluation, predictions) = session.advance(&mut || true).unwrap() else { panic!() };
    assert_eq!((evaluation.accuracy, evaluation.classes), (Some(0.0), 256));
    assert_eq!(predictions.predicted, [255.0; 150]);
    let column: f32 = predictions.confusion.chunks(256).map(|row| row[255]).sum();
    assert_eq!((column, predictions.confusion.iter().sum::<f32>()), (150.0, 150.0));
    for units in [257, 40_000] {
        let error = session.set_model(&layers(units)).unwrap_err();
        assert_eq!((error.code, error.layer.as_deref()), ("wrong-output", Some("dense")));
    }
    let pooled = spec(r#"[{"type": "GlobalAveragePooling2D"}, {"type": "Dense", "units": 40000}]"#);
    assert_eq!(session.set_model(&pooled).unwrap_err().code, "wrong-output");
}

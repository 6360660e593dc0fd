using System.Globalization;
using System.Runtime.InteropServices;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Computes steps from the site's own files. Not for use by several threads at once.</summary>
public sealed class SiteStepComputer : IStepComputer
{
    private readonly CohortCache _cohorts;
    private readonly ITrainer _trainer;
    private readonly Func<Study, SiteId, SampleOrder> _order;
    private readonly Action<Study, RunId, SiteData>? _beforeRound;
    private readonly MonitoringDesk? _monitoring;
    private readonly float[] _block = new float[IncomingParameters.BlockValues];
    private byte[] _buffer = []; // kept between rounds: fresh pages cost more than the arithmetic

    /// <summary>Computes with a trainer.</summary>
    /// <param name="cohorts">The site's rows.</param>
    /// <param name="trainer">Trains.</param>
    /// <param name="order">The order of samples; null: seeded by the study.</param>
    /// <param name="beforeRound">Sees a run's rows before each round is trained; null: nobody does.</param>
    /// <param name="monitoring">What the site's scoring saw; null: nothing is told of it.</param>
    public SiteStepComputer(CohortCache cohorts, ITrainer trainer, Func<Study, SiteId, SampleOrder>? order = null, Action<Study, RunId, SiteData>? beforeRound = null, MonitoringDesk? monitoring = null)
    {
        (_cohorts, _trainer, _beforeRound, _monitoring) = (cohorts, trainer, beforeRound, monitoring);
        _order = order ?? ((study, site) => SampleOrders.Seeded(study.Training.Seed, site));
    }

    /// <inheritdoc/>
    public StepComputation Compute(StepRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Study.Model is BenchmarkModel benchmark)
        {
            return request.Step.Kind switch
            {
                StepKind.KeyAgreement => Join(null, "managed"),
                StepKind.Training => Benchmark(request, benchmark),
                _ => throw NotOfThisStudy(request),
            };
        }

        return request.Step.Kind switch
        {
            _ when request.Study.Privacy is not null && !PrivateStudy.Of(request.Study).Makes(request.Step) => throw new StepDeclinedException(
                Reason.ReleaseBeyondPolicy, $"The study is under differential privacy: {request.Step} would tell of its patients without a charge, so it is not released."),
            StepKind.Preparation => Prepare(request),
            StepKind.KeyAgreement => Join(Data(request, ModelPlan.For(request.Study)).Fingerprint, CapabilityFor(request.Study)),
            StepKind.Training => Train(request, cancel),
            StepKind.Evaluation => Evaluate(request),
            StepKind.SiteMetrics => SiteMetrics(request),
            StepKind.Profile => Profile(request),
            StepKind.Comparison => Compare(request, request.Other!),
            StepKind.Monitoring when _monitoring is not null => _monitoring.Compute(request),
            _ => throw NotOfThisStudy(request),
        };
    }

    private StepComputation Prepare(StepRequest request)
    {
        if (!PreprocessingConstants.NeedPreparation(request.Study))
            throw NotOfThisStudy(request);
        var data = Data(request, ModelPlan.For(request.Study));
        var report = PreparationReport.Compute(request.Study, data.Cohort.Training.Values).Suppress(request.Policy.MinimumCell);
        return Json(request, report.Write(), data.Fingerprint);
    }

    private StepComputation Profile(StepRequest request)
    {
        if (request.Policy.Profile == ProfileRule.Withhold)
            throw new StepDeclinedException(Reason.ReleaseBeyondPolicy, "This site's policy withholds profiles (profile).");
        var data = Data(request, ModelPlan.For(request.Study));
        var (training, test) = (data.Cohort.Training, data.Cohort.Test);
        var report = ProfileReport.Of(
            request.Study, [.. training.Values, .. test.Values], [.. training.Labels, .. test.Labels],
            data.Cohort.Counts.Flow.Select(step => (step.Patients, step.Rows)), request.Policy.MinimumCell);
        return Json(request, report.Write(request.Study), data.Fingerprint);
    }

    private StepComputation Train(StepRequest request, CancellationToken cancel)
    {
        var study = request.Study;
        var plan = ModelPlan.For(study);
        var data = Data(request, plan);
        _beforeRound?.Invoke(study, request.Step.Run, data);
        var parameters = request.Parameters!.ReadAll(plan.Layout.Dimension);
        var rows = data.TrainingSet(study, Constants(request));
        if (study.SumsGradients)
        {
            if (request.NoiseShare is not { } share)
                throw new StepDeclinedException(Reason.ReleaseBeyondPolicy, $"What this site would release has a part of the study's noise at most: without the masks of its round nothing of {request.Step} is released.");
            var codes = Training(() => TrainPrivately(request, PrivateStudy.Of(study).WithShare(share), data, rows, parameters, cancel)).Codes;
            return new StepComputation(MemoryMarshal.AsBytes<long>(codes).ToArray(), "codes", codes.Length, 1, 0, data.Fingerprint, PrivateTrainer.Capability, 0);
        }

        var change = Training(() => study.Privacy is not null ? TrainPrivately(request, PrivateStudy.Of(study).Training, data, rows, parameters, cancel).Change!
            : _trainer.Train(new TrainingWork(plan, study.Training, rows, _order(study, request.Site), request.Step.Round.Value, DropoutSeed(request), study.Data.Label.Number), parameters, cancel));
        using var span = StepSpans.Begin(WorkerSpan.Types.Name.Protect);
        var format = UpdateFormats.For(study.Federation.Encoding);
        var payload = Buffer(format.PayloadLength(change.Length));
        try
        {
            var saturated = format.Encode(change, payload.Span);
            return new StepComputation(
                payload, format.Name, change.Length, UpdateFormats.WeightOf(study, rows.Rows), saturated, data.Fingerprint, CapabilityFor(study), 0);
        }
        catch (NotFiniteNumberException diverged)
        {
            throw new StepDeclinedException(Reason.TrainingFailed, diverged.Message);
        }
    }

    private static T Training<T>(Func<T> train)
    {
        using var span = StepSpans.Begin(WorkerSpan.Types.Name.Train);
        return train();
    }

    // The charge is durable before the first patient is drawn.
    private static PrivateTrainingResult TrainPrivately(StepRequest request, PrivateTraining training, SiteData data, TrainingSet rows, float[] parameters, CancellationToken cancel)
    {
        using var randomness = Charge(request, data);
        using var sampling = randomness.Stream("fcml-training-sampling-v1");
        using var noise = randomness.Stream("fcml-training-noise-v1");
        return PrivateTrainer.Train(new PrivateTrainingWork(training, rows, request.Step.Round.Value), parameters, sampling, noise, cancel);
    }

    private static StepRandomness Charge(StepRequest request, SiteData data) =>
        (request.Randomness ?? throw new InvalidOperationException($"{request.Step} is under differential privacy, and nobody charges for it."))(data.Fingerprint);

    private string CapabilityFor(Study study) => study.Privacy is null ? _trainer.Capability : PrivateTrainer.Capability;

    // Of a masked round's key agreement no more is computed than what the update will depend on, and whether the data are fit for it.
    private static StepComputation Join(Sha256Digest? data, string capability) => new(default, ReleaseManifest.MessageEncoding, 0, 0, 0, data, capability, 0);

    private StepComputation Evaluate(StepRequest request)
    {
        if (request.Study.Privacy is not null)
        {
            var (scores, fingerprint) = ScorePrivately(request);
            return Json(request, new EvaluationReport(scores).Write(), fingerprint, 1);
        }

        var (outputs, rows, data) = ScoreRows(request);
        return Json(request, EvaluationReport.Of(request.Study, outputs, rows.Labels, data.Cohort.Test.Values, request.Policy.MinimumCell).Write(), data.Fingerprint);
    }

    // What the policy withholds is not computed either: no data are read for it.
    private StepComputation SiteMetrics(StepRequest request)
    {
        if (!request.Policy.PerSiteMetrics)
            return new StepComputation(SiteMetricsReport.WithheldByPolicy.Write(), ReleaseManifest.JsonEncoding, 0, 0, 0, null, "managed", 0);
        var (outputs, rows, data) = ScoreRows(request);
        var minimum = request.Policy.MinimumCell;
        var report = request.Study.Data.Label.Number is { } number
            ? SiteMetricsReport.OfNumber(RegressionSums.Of(number.Minimum, number.Maximum, number.OutcomesOf(rows.Labels), number.PredictionsOf(outputs)).Suppress(minimum))
            : SiteMetricsReport.Of(ScoreHistogram.Of(outputs, LabelsOf(rows)).Suppress(minimum), minimum, request.Policy.Comparisons ? CorrelatedAreas.Of([outputs], LabelsOf(rows)) : null);
        return Json(request, report.Write(), data.Fingerprint);
    }

    // The same rows twice, each as its own study has it encoded: the candidate's last, which are the ones that stay in memory.
    private StepComputation Compare(StepRequest request, OtherModel other)
    {
        if (!request.Policy.Comparisons)
            return new StepComputation(new ComparisonReport(other.Named, CorrelatedAreasReport.WithheldByPolicy).Write(), ReleaseManifest.JsonEncoding, 0, 0, 0, null, "managed", 0);
        var theirs = ScoreRows(request with { Study = other.Study, Constants = other.Constants, Parameters = other.Parameters });
        var ours = ScoreRows(request);
        // Both studies choose them by the same rules; that they came out the same is looked at all the same.
        if (!ours.Rows.Labels.AsSpan().SequenceEqual(theirs.Rows.Labels) || !ours.Data.Cohort.Test.Patients.AsSpan().SequenceEqual(theirs.Data.Cohort.Test.Patients))
            throw new StepDeclinedException(Reason.DataUnfit, "The two models' studies have different test rows here: the data changed while they were read, or their features leave different rows out.");
        var minimum = request.Policy.MinimumCell;
        var report = request.Study.Data.Label.Number is { } number
            ? CorrelatedAreasReport.OfNumber(PairedErrors.Of(number.OutcomesOf(ours.Rows.Labels), number.PredictionsOf(ours.Outputs), other.Study.Data.Label.Number!.PredictionsOf(theirs.Outputs)), minimum)
            : CorrelatedAreasReport.Of([ours.Outputs, theirs.Outputs], LabelsOf(ours.Rows), minimum, minimum);
        return Json(request, new ComparisonReport(other.Named, report).Write(), ours.Data.Fingerprint);
    }

    private (double[] Outputs, TrainingSet Rows, SiteData Data) ScoreRows(StepRequest request)
    {
        var plan = ModelPlan.For(request.Study);
        var data = Data(request, plan);
        var parameters = request.Parameters!.ReadAll(plan.Layout.Dimension);
        var rows = data.TestSet(request.Study, Constants(request));
        var outputs = Outputs(plan, parameters, rows);
        return outputs.Any(output => !double.IsFinite(output)) ? throw new StepDeclinedException(Reason.ParametersWrong, "The parameters give scores that are not finite.") : (outputs, rows, data);
    }

    private static bool[] LabelsOf(TrainingSet rows) => [.. rows.Labels.Select(label => label == 1)];

    // Charged before a row is scored, and declined for nothing that a row says: parameters under which the scores of some rows are not finite and of others are would tell of them by a decline. Such a
    // score counts as any other; parameters that are not finite are refused, for they are so whatever the rows.
    private (ScoreHistogram? Noisy, Sha256Digest Fingerprint) ScorePrivately(StepRequest request)
    {
        var plan = ModelPlan.For(request.Study);
        var data = Data(request, plan);
        var parameters = request.Parameters!.ReadAll(plan.Layout.Dimension);
        if (!Array.TrueForAll(parameters, float.IsFinite))
            throw new StepDeclinedException(Reason.ParametersWrong, "The parameters are not finite.");
        var rows = data.TestSet(request.Study, Constants(request));
        using var randomness = Charge(request, data);
        using var noise = randomness.Stream("fcml-evaluation-noise-v1");
        return (PrivateStudy.Of(request.Study).Evaluation!.Count(Outputs(plan, parameters, rows), rows.Labels, rows.Patients, noise), data.Fingerprint);
    }

    private static double[] Outputs(ModelPlan plan, float[] parameters, TrainingSet rows)
    {
        using var span = StepSpans.Begin(WorkerSpan.Types.Name.Train);
        var outputs = new double[rows.Rows];
        plan.Outputs(parameters, rows.Inputs, outputs);
        return outputs;
    }

    // One pass: each block is hashed, changed and encoded while it is in the cache.
    private StepComputation Benchmark(StepRequest request, BenchmarkModel model)
    {
        const float Constant = 1f / 1024;
        var format = UpdateFormats.For(request.Study.Federation.Encoding);
        var payload = Buffer(format.PayloadLength(model.Parameters));
        var change = _block;
        long saturated = 0;
        request.Parameters!.Read(model.Parameters, (offset, values) =>
        {
            for (var i = 0; i < values.Length; i++)
                change[i] = values[i] + Constant - values[i];
            var bytes = format.PayloadLength(1);
            saturated += format.Encode(change.AsSpan(0, values.Length), payload.Span.Slice((int)(offset * bytes), (int)(values.Length * bytes)));
        });
        return new StepComputation(payload, format.Name, model.Parameters, 1, saturated, null, "managed", 0);
    }

    private SiteData Data(StepRequest request, ModelPlan plan)
    {
        using var span = StepSpans.Begin(WorkerSpan.Types.Name.Features);
        var data = _cohorts.Load(request.Study, request.Exclusions);
        foreach (var (finding, reason) in data.Check(request.Policy, request.Study, plan, request.Exclusions))
        {
            if (!finding.Passed)
                throw new StepDeclinedException(reason, $"{finding.Rule}: {finding.Sentence}");
        }

        return data;
    }

    private static PreprocessingConstants Constants(StepRequest request)
    {
        try
        {
            return PreprocessingConstants.Read(request.Study, request.Constants.Span);
        }
        catch (FormatException fault)
        {
            throw new StepDeclinedException(Reason.ParametersWrong, $"The order's constants cannot be used: {fault.Message}");
        }
    }

    private static long DropoutSeed(StepRequest request) => (long)(DeterministicRandom.Of(
        "dropout", request.Study.Training.Seed.ToString(CultureInfo.InvariantCulture), request.Site.Value, request.Step.Round.ToString()).NextUInt64() >> 1);

    // Nothing of libtorch takes part in these: managed code with the same bits everywhere.
    private static StepComputation Json(StepRequest request, byte[] payload, Sha256Digest fingerprint) => Json(request, payload, fingerprint, request.Policy.MinimumCell);

    private static StepComputation Json(StepRequest request, byte[] payload, Sha256Digest fingerprint, int minimumCell) =>
        new(payload, ReleaseManifest.JsonEncoding, 0, 0, 0, fingerprint, "managed", minimumCell);

    private Memory<byte> Buffer(long length)
    {
        if (_buffer.Length < length)
            _buffer = GC.AllocateUninitializedArray<byte>(checked((int)length));
        return _buffer.AsMemory(0, (int)length);
    }

    private static StepDeclinedException NotOfThisStudy(StepRequest request) =>
        new(Reason.RoundOutOfOrder, $"A {request.Step.Kind.ToString().ToLowerInvariant()} step is no part of the study {request.Study.Name}.");
}

using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>
/// What privacy costs: steps of private training over 256 drawn patients against steps of plain SGD over the same rows by the same code, in turn, so that both see the same machine; libtorch's plain step stands
/// beside, to show that the baseline is not slow itself.
/// </summary>
internal sealed class PrivateTrainingBenchmarks
{
    private const int Patients = 256;
    private const int Turns = 300;
    private const int TorchSteps = 16; // of a call, which makes a network and an optimiser first
    private const float LearningRate = 0.01f;
    private const float ClippingNorm = 1 / 16f; // so low that every patient is clipped, which costs most
    private const double CodesPerUnit = 1 << 24;

    private readonly TorchTrainer _torch = new();
    private readonly KeyStream _stream = KeyStream.Derive(new byte[32], "benchmarks", []);
    private readonly int[] _drawn = [.. Enumerable.Range(0, Patients)];
    private readonly ModelPlan _plan;
    private readonly TrainingSet _rows;
    private readonly float[] _parameters;
    private readonly long[] _codes;
    private readonly float[] _padded;
    private readonly float[] _gradient;
    private readonly DenseNetwork _network;
    private readonly ClippedGradients _gradients;
    private readonly DiscreteGaussian _noise;
    private PrivateCounts _counts;

    private PrivateTrainingBenchmarks(int inputs, int hidden, int rowsPerPatient)
    {
        _plan = ModelPlan.Network(inputs, [hidden, hidden], Activation.Relu, 0, 1);
        var random = DeterministicRandom.Of("benchmarks");
        var rows = Patients * rowsPerPatient;
        _rows = new TrainingSet(
            [.. Enumerable.Range(0, rows * inputs).Select(_ => (2 * random.NextSingle()) - 1)], [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle() < 0.3f ? 1f : 0f)],
            inputs, PatientRows.Grouped([.. Enumerable.Range(0, rows).Select(row => row / rowsPerPatient)], Patients));
        _parameters = _plan.InitialParameters();
        (_codes, _gradient) = (new long[_parameters.Length], new float[_parameters.Length]);
        _network = new DenseNetwork(_plan, 256);
        _padded = new float[_network.SumLength];
        var sum = ClippedSum.OfPatients(_parameters.Length, rowsPerPatient);
        _gradients = new ClippedGradients(_plan, sum, rowsPerPatient);
        _noise = DiscreteGaussian.Of(GaussianCalibration.Of(sum, ClippingNorm, CodesPerUnit, Rational.One).Variance);
    }

    /// <summary>Measures and prints; 2: the arguments say nothing.</summary>
    public static int Run(ReadOnlySpan<string> args)
    {
        if (args.Length > 0)
        {
            Console.Error.WriteLine("private");
            return 2;
        }

        Console.WriteLine("network        rows    plain  clip-and-sum  ratio    median   bar  whole  torch's plain  clipped   (microseconds)");
        Measure(13, 64, 1, "1.35");
        Measure(13, 64, 8, "2.00");
        Measure(100, 256, 1, "1.45");
        Measure(100, 256, 8, "2.00");
        return 0;
    }

    private static void Measure(int inputs, int hidden, int rowsPerPatient, string bar)
    {
        var one = new PrivateTrainingBenchmarks(inputs, hidden, rowsPerPatient);
        Action[] parts = [one.Plain, one.ClipAndSum, one.Whole, one.Torch];
        var times = parts.Select(_ => new double[Turns]).ToArray();
        for (var turn = -20; turn < Turns; turn++) // the first ones are compiled
        {
            for (var part = 0; part < parts.Length; part++)
            {
                if (part == parts.Length - 1 && turn % 10 != 0)
                    continue; // libtorch is no party to the ratios
                var start = Stopwatch.GetTimestamp();
                parts[part]();
                if (turn >= 0)
                    times[part][turn] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }
        }

        // What others do on the machine only lengthens a turn: the fastest tenth says what the code takes.
        var of = times.Select(part => part.Where(time => time > 0).Order().ToArray()).Select(part => part[part.Length / 10]).ToArray();
        var ratio = times[1].Zip(times[0], (clipped, plain) => clipped / plain).Order().ElementAt(Turns / 2);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{inputs + "-" + hidden + "-" + hidden + "-1",-14}{rowsPerPatient,5}{of[0],9:0}{of[1],14:0}{of[1] / of[0],7:0.00}{ratio,10:0.00}{bar,6}{of[2],7:0}{of[3] / TorchSteps,14:0}{100 * one._counts.Clipped / Patients,9} %"));
    }

    // A step of plain SGD.
    private void Plain()
    {
        _network.Load(_parameters);
        Array.Clear(_padded);
        for (var row = 0; row < _rows.Rows;)
        {
            for (; row < _rows.Rows && _network.Rows < _network.Capacity; row++)
                _network.Add(_rows.Inputs.AsSpan(row * _rows.Width, _rows.Width), _rows.Labels[row], 1f / _rows.Rows);
            _network.Run();
            _network.AddGradientTo(_padded);
            _network.Clear();
        }

        _network.Unpad<float>(_padded, _gradient);
        TensorPrimitives.FusedMultiplyAdd(_gradient, -LearningRate, _parameters, _gradient); // the parameters stay, for each turn to be like the last
    }

    // Gradients clipped and summed, as codes.
    private void ClipAndSum() => _counts = _gradients.Sum(_rows, _drawn, 0, _parameters, ClippingNorm, CodesPerUnit, _codes);

    // The same, noised, and a step along it.
    private void Whole()
    {
        ClipAndSum();
        _noise.AddTo(_codes, _stream);
        new NoisyDescent(Optimizer.Sgd, LearningRate, _parameters.Length).Step(_gradient, _codes, 1 / (CodesPerUnit * Patients));
    }

    private void Torch() => _torch.Train(
        new TrainingWork(_plan, new StudyTraining(Optimizer.Sgd, LearningRate, _rows.Rows, null, TorchSteps, 1), _rows, (_, rows) => [.. Enumerable.Range(0, rows)], 1, 0),
        _parameters, CancellationToken.None);
}

using System.Runtime.Intrinsics.X86;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Trains with TorchSharp (libtorch, CPU, one thread): binary cross-entropy on logits, or of a number the squared error on its scale, averaged over the batch. The only place that names
/// TorchSharp; libtorch is loaded by the first call and not before.
/// </summary>
public sealed class TorchTrainer : ITrainer
{
    private const int Threads = 1; // with one thread, and the kernels below, results are bit-identical between runs and processes; two threads spin for minutes on a busy machine

    // libtorch's dropout draws from a generator of the whole process: one round at a time owns it.
    private static readonly Lock s_generator = new();

    static TorchTrainer() => ReproducibleKernels.Demand();

    /// <inheritdoc/>
    public string Capability { get; } = $"{CpuCapability()};threads={Threads}";

    /// <inheritdoc/>
    public float[] Train(TrainingWork work, ReadOnlySpan<float> parameters, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, work.Plan.Layout.Dimension);
        lock (s_generator)
        {
            using var scope = NewDisposeScope();
            set_num_threads(Threads);
            _ = manual_seed(work.DropoutSeed);
            var network = new Network(work.Plan, parameters);
            using var optimizer = OptimizerOf(work.Training, network.Parameters);
            Run(work, network, optimizer, cancel);
            return network.ChangeFrom(parameters);
        }
    }

    private static void Run(TrainingWork work, Network network, optim.Optimizer optimizer, CancellationToken cancel)
    {
        var (rows, batch) = (work.Rows.Rows, work.Training.BatchSize);
        var batchesPerEpoch = (rows + batch - 1) / batch;
        var steps = work.Training.LocalSteps ?? checked(work.Training.LocalEpochs!.Value * batchesPerEpoch);
        var first = (long)(work.Round - 1) * steps; // of this round's steps, in the endless row of all rounds' steps
        var inputs = tensor(work.Rows.Inputs, [rows, work.Rows.Width]);
        var labels = tensor(work.Number is { } number ? Array.ConvertAll(work.Rows.Labels, number.ScaledOf) : work.Rows.Labels, [rows, 1]);
        using Scalar descent = -work.Training.LearningRate;
        DisposeScope? epochScope = null;
        Tensor? epochInputs = null, epochLabels = null;
        try
        {
            for (var step = first; step < first + steps; step++)
            {
                cancel.ThrowIfCancellationRequested();
                var (epoch, index) = ((int)(step / batchesPerEpoch), (int)(step % batchesPerEpoch));
                if (epochInputs is null || index == 0)
                {
                    epochScope?.Dispose();
                    epochScope = NewDisposeScope();
                    var order = tensor(work.Order(epoch, rows), int64);
                    (epochInputs, epochLabels) = (inputs.index_select(0, order), labels.index_select(0, order));
                }

                using var scope = NewDisposeScope();
                var length = Math.Min(batch, rows - (index * batch)); // batches do not reach into the next epoch, as in FLamby's loader
                optimizer.zero_grad();
                var outputs = network.Forward(epochInputs.narrow(0, index * batch, length));
                var wanted = epochLabels!.narrow(0, index * batch, length);
                var loss = work.Number is null ? nn.functional.binary_cross_entropy_with_logits(outputs, wanted) : nn.functional.mse_loss(outputs, wanted);
                loss.backward();
                if (work.Training.Optimizer == Optimizer.Sgd)
                    Descend(network.Parameters, descent);
                else
                    _ = optimizer.step();
            }
        }
        finally
        {
            epochScope?.Dispose();
        }
    }

    // The library's own step, to the bit; but for each call it makes a number that the garbage collector may free while libtorch reads it. This one lives as long as the training.
    private static void Descend(IReadOnlyList<Parameter> parameters, Scalar step)
    {
        using var frozen = no_grad();
        foreach (var parameter in parameters)
            _ = parameter.add_(parameter.grad!, step);
    }

    private static optim.Optimizer OptimizerOf(StudyTraining training, IReadOnlyList<Parameter> parameters) => training.Optimizer switch
    {
        Optimizer.Sgd => optim.SGD(parameters, training.LearningRate),
        Optimizer.Adam => optim.Adam(parameters, training.LearningRate, 0.9, 0.999, 1e-8),
        _ => throw new ArgumentOutOfRangeException(nameof(training), training.Optimizer, "This optimiser is not known here."),
    };

    // What libtorch's dispatcher chooses (ATen/Version.cpp): the same processor gives the same bits, another capability may not.
    private static string CpuCapability()
    {
        if (Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY") is { Length: > 0 } forced)
            return forced;
        return Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported ? "avx512"
            : Avx2.IsSupported && Fma.IsSupported ? "avx2"
            : "default";
    }

    private sealed class Network
    {
        private readonly ModelPlan _plan;

        public Network(ModelPlan plan, ReadOnlySpan<float> values)
        {
            _plan = plan;
            var parameters = new List<Parameter>();
            foreach (var layer in plan.Layers)
            {
                parameters.Add(Make(layer.Weight, values));
                parameters.Add(Make(layer.Bias, values));
            }

            Parameters = parameters;
        }

        public IReadOnlyList<Parameter> Parameters { get; }

        public Tensor Forward(Tensor inputs)
        {
            for (var i = 0; i < _plan.Layers.Length; i++)
            {
                inputs = nn.functional.linear(inputs, Parameters[2 * i], Parameters[(2 * i) + 1]);
                if (i + 1 == _plan.Layers.Length)
                    break;
                inputs = _plan.Activation == Activation.Relu ? nn.functional.relu(inputs) : inputs.tanh();
                if (_plan.Dropout > 0)
                    inputs = nn.functional.dropout(inputs, _plan.Dropout, training: true);
            }

            return inputs;
        }

        public float[] ChangeFrom(ReadOnlySpan<float> old)
        {
            var change = new float[old.Length];
            for (var i = 0; i < _plan.Layers.Length; i++)
            {
                Subtract(Parameters[2 * i], _plan.Layers[i].Weight, old, change);
                Subtract(Parameters[(2 * i) + 1], _plan.Layers[i].Bias, old, change);
            }

            return change;
        }

        // Copied: a tensor of an array lies in the array, anywhere in memory, and libtorch's own on a 64-byte boundary. Kernels add up by where an operand begins.
        private static Parameter Make(ParameterSlice slice, ReadOnlySpan<float> values)
        {
            using var array = tensor(values.Slice(slice.Offset, slice.Length).ToArray(), [.. slice.Shape.Select(dimension => (long)dimension)]);
            return new(array.clone());
        }

        private static void Subtract(Parameter parameter, ParameterSlice slice, ReadOnlySpan<float> old, Span<float> change)
        {
            using var flat = parameter.detach().reshape(-1);
            var fresh = flat.data<float>().ToArray();
            for (var i = 0; i < slice.Length; i++)
                change[slice.Offset + i] = fresh[i] - old[slice.Offset + i];
        }
    }
}

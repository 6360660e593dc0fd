using System.Collections.Concurrent;
using System.Collections.Immutable;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Studies;
using Microsoft.ML.OnnxRuntime;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>A model in ONNX Runtime: one session with one thread, and lanes of buffers that are bound to it once and used again, so that a row allocates nothing.</summary>
internal sealed class OnnxSession : IModelSession
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly Study _study;
    private readonly ConcurrentBag<Lane> _single = [];
    private readonly ConcurrentBag<Lane> _batches = [];

    private OnnxSession(InferenceSession session, Study study) => (_session, _study) = (session, study);

    /// <summary>Rows that run at once, at most.</summary>
    public const int BatchRows = 4096;

    /// <summary>Loads a model that <see cref="OnnxReader"/> has looked at.</summary>
    /// <exception cref="ScoringFailedException">The runtime does not take it.</exception>
    public static OnnxSession Open(ReadOnlyMemory<byte> onnx, Study study)
    {
        using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, ExecutionMode = ExecutionMode.ORT_SEQUENTIAL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        try
        {
            return new OnnxSession(new InferenceSession(onnx.ToArray(), options), study);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new ScoringFailedException(fault);
        }
    }

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> values, Span<ModelScore> scores)
    {
        var width = _study.Data.Features.Length;
        for (var done = 0; done < scores.Length;)
        {
            var rows = Math.Min(BatchRows, scores.Length - done);
            var lanes = rows == 1 ? _single : _batches;
            var lane = lanes.TryTake(out var kept) ? kept : new Lane(_session, _study, rows == 1 ? 1 : BatchRows);
            lane.Run(_session, _run, values.Slice(done * width, rows * width), scores.Slice(done, rows));
            lanes.Add(lane); // not one on which the runtime failed: nobody knows what it has left there
            done += rows;
        }
    }

    public void Dispose()
    {
        foreach (var lane in _single.Concat(_batches))
            lane.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    private sealed class Lane : IDisposable
    {
        private readonly ImmutableArray<string> _inputs;
        private readonly ImmutableArray<string> _outputs;
        private readonly string? _unit;
        private readonly float[][] _columns;
        private readonly float[][] _results; // a logit and its probability, or a number, which is both
        private readonly Binding _whole;

        public Lane(InferenceSession session, Study study, int rows)
        {
            (_inputs, _outputs, _unit) = ([.. study.Data.Features.Select(feature => feature.Name)], OnnxWriter.OutputsOf(study), study.Data.Label.Number?.Unit);
            _columns = [.. _inputs.Select(_ => GC.AllocateArray<float>(rows, pinned: true))];
            _results = [.. _outputs.Select(_ => GC.AllocateArray<float>(rows, pinned: true))];
            _whole = Bind(session, rows);
        }

        public void Run(InferenceSession session, RunOptions run, ReadOnlySpan<float> values, Span<ModelScore> scores)
        {
            for (var j = 0; j < _columns.Length; j++)
            {
                var column = _columns[j];
                for (int row = 0, at = j; row < scores.Length; row++, at += _columns.Length)
                    column[row] = values[at];
            }

            try
            {
                if (scores.Length == _results[0].Length)
                {
                    session.RunWithBinding(run, _whole.Io);
                }
                else
                {
                    using var part = Bind(session, scores.Length);
                    session.RunWithBinding(run, part.Io);
                }
            }
            catch (OnnxRuntimeException fault)
            {
                throw new ScoringFailedException(fault);
            }

            for (var row = 0; row < scores.Length; row++)
                scores[row] = new ModelScore(_results[0][row], _results[^1][row], _unit);
        }

        public void Dispose() => _whole.Dispose();

        private Binding Bind(InferenceSession session, int rows)
        {
            var binding = new Binding(session);
            for (var j = 0; j < _columns.Length; j++)
                binding.Io.BindInput(_inputs[j], binding.Value(_columns[j], rows));
            for (var j = 0; j < _results.Length; j++)
                binding.Io.BindOutput(_outputs[j], binding.Value(_results[j], rows));
            return binding;
        }
    }

    private sealed class Binding(InferenceSession session) : IDisposable
    {
        private readonly List<OrtValue> _values = [];

        public OrtIoBinding Io { get; } = session.CreateIoBinding();

        public OrtValue Value(float[] memory, int rows)
        {
            var value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory.AsMemory(0, rows), [rows, 1]);
            _values.Add(value);
            return value;
        }

        public void Dispose()
        {
            Io.Dispose();
            foreach (var value in _values)
                value.Dispose();
        }
    }
}

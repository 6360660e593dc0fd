using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// What a batch predicted, as a day's file of its own beside the program's, whether that runs or not: <c>predictions/DAY.ID.log</c>, sealed as every day's file is. It has that name once the batch is
/// over and all of it is durable; then outcomes find it. What each version did is left for the program in <c>batches</c>, and counted by it (<see cref="BatchReports"/>).
/// </summary>
internal sealed class BatchLog : IDisposable
{
    private const int GroupLength = 4 << 20;

    private readonly IDisk _disk;
    private readonly string _path;
    private readonly string _id;
    private readonly DayFile _file;
    private readonly PredictionWriter _writer;
    private readonly ArrayBufferWriter<byte> _group = new();
    private readonly Dictionary<ServedUnit, DayReport> _reports = [];
    private readonly byte[] _random = new byte[8 * OnnxSession.BatchRows];
    private bool _isOver;

    /// <summary>Begins to write.</summary>
    /// <param name="disk">The program's own folder.</param>
    /// <param name="key">Its keys.</param>
    /// <param name="made">When the batch began: of all its rows.</param>
    /// <exception cref="ScoringSetupException">The disk refuses.</exception>
    public BatchLog(IDisk disk, ScoringKey key, DateTimeOffset made)
    {
        (_disk, Made, _writer) = (disk, made, new PredictionWriter(key));
        _id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        _path = $"{PredictionLog.Predictions}/{PredictionLog.NameOf(Day)}.{_id}.log";
        _file = Required(() =>
        {
            disk.CreateDirectory(PredictionLog.Predictions);
            disk.CreateDirectory(BatchReports.Folder);
            return DayFile.Open(disk, _path + DurableFile.TemporarySuffix, key.Predictions);
        });
    }

    /// <summary>When the batch began.</summary>
    public DateTimeOffset Made { get; }

    private DateOnly Day => DateOnly.FromDateTime(Made.UtcDateTime);

    /// <summary>New ids.</summary>
    /// <param name="ids">[rows]: takes them.</param>
    public void Name(Span<string> ids)
    {
        var random = _random.AsSpan(0, 8 * ids.Length);
        RandomNumberGenerator.Fill(random);
        var day = string.Create(CultureInfo.InvariantCulture, $"{Made.UtcDateTime:yyyyMMdd}-");
        Span<char> id = stackalloc char[day.Length + 16];
        day.CopyTo(id);
        for (var i = 0; i < ids.Length; i++)
        {
            Convert.TryToHexStringLower(random.Slice(8 * i, 8), id[day.Length..], out _);
            ids[i] = new string(id);
        }
    }

    /// <summary>What a version did.</summary>
    public DayReport ReportOf(string line, ServedUnit unit)
    {
        if (!_reports.TryGetValue(unit, out var report))
            _reports[unit] = report = new DayReport(line, unit.Version, unit.Model, Day, unit.Loaded!.Study, unit.Loaded.Sketched?.Basis);
        return report;
    }

    /// <summary>Adds predictions; they are durable once the batch is ended.</summary>
    /// <exception cref="ScoringSetupException">The disk refuses.</exception>
    public void Add(IEnumerable<Prediction> predictions)
    {
        PredictionWriter.Write(_group, predictions, _writer.WriteOfBatch);
        if (_group.WrittenCount >= GroupLength)
            Append();
    }

    /// <summary>Ends the batch; returns once its predictions are in the log. What each version did goes first: of a batch that is in no log it means nothing.</summary>
    /// <exception cref="ScoringSetupException">The disk refuses: nothing of it is in the log.</exception>
    public void End() => Required(() =>
    {
        Append();
        _file.Dispose();
        foreach (var (unit, report) in _reports)
            DurableFile.Write(_disk, BatchReports.PathOf(Day, _id, unit.Version), report.Write());
        _disk.Rename(_path + DurableFile.TemporarySuffix, _path);
        _disk.SyncDirectory(PredictionLog.Predictions);
        _isOver = true;
    });

    /// <summary>Ends writing, and removes what is of a batch that was not ended.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _writer.Dispose();
        if (_isOver)
            return;
        _disk.Delete(_path + DurableFile.TemporarySuffix);
        _disk.Delete(_path); // named, and nobody knows whether that is durable
    }

    private void Append()
    {
        if (_group.WrittenCount > 0)
            Required(() => _file.Append(_group.WrittenSpan));
        _group.ResetWrittenCount();
        _writer.BeginGroup();
    }

    private static void Required(Action write) => Required(() =>
    {
        write();
        return true;
    });

    private static T Required<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ScoringSetupException($"The predictions of the batch cannot be logged, and nothing is given out that is not logged: {fault.Message}");
        }
    }
}

using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// Scores the rows of CSV files with a line's models, some thousand at a time and in constant memory, each patient by the version that would answer them. They are logged and counted as answers are; for the
/// guards on a running program's errors and times they do not count.
/// </summary>
/// <param name="line">The line.</param>
/// <param name="missing">Texts that stand for a missing value, besides the empty one.</param>
/// <param name="log">Where what was predicted is logged.</param>
/// <param name="time">The clock.</param>
internal sealed class BatchScorer(ServingLine line, IReadOnlyList<string> missing, BatchLog log, TimeProvider time)
{
    private const int Chunk = OnnxSession.BatchRows;

    private readonly byte[][] _missing = [.. missing.Select(Encoding.UTF8.GetBytes)];
    private readonly ImmutableArray<string> _names = [.. line.Features.Order(StringComparer.Ordinal)];
    private readonly string[] _patients = new string[Chunk];
    private readonly ModelScore[] _scores = new ModelScore[Chunk];
    private readonly string[] _ids = new string[Chunk];
    private readonly Prediction?[] _predictions = new Prediction?[Chunk];
    private readonly ArrayBufferWriter<byte> _out = new(1 << 18);
    // A line has versions of both kinds only while one major version gives way to the next.
    private readonly ImmutableArray<bool> _isNumber = [.. line.Units.Where(unit => unit.Unit.Loaded is not null).Select(unit => unit.Unit.Loaded!.Unit is not null).Distinct().Order()];
    private readonly float[] _outputs = new float[Chunk];
    private (ModelVersion Of, string Text) _version = (default, "");
    private float[] _inputs = [];
    private float[] _answered = [];
    private float[] _sketched = [];

    /// <summary>The first line of what is written: <c>patient,score,version,prediction-id</c>, with <c>prediction</c> in the place of <c>score</c> where a number is predicted, and with both where some versions do and others do not.</summary>
    public string Header => $"patient,{string.Concat(_isNumber.Select(isNumber => isNumber ? "prediction," : "score,"))}version,prediction-id";

    /// <summary>Scores a file.</summary>
    /// <param name="input">CSV with a header: the column of the patient, and one for each feature; others are passed over.</param>
    /// <param name="name">Its name, for faults.</param>
    /// <param name="patient">The column of the patient's pseudonym.</param>
    /// <param name="output">Takes lines as <see cref="Header"/> says; all but the patient and the prediction's id are empty where there is no score, and that too where no version answered.</param>
    /// <returns>Rows, and how many of them have a score.</returns>
    /// <exception cref="ScoringSetupException">The file is not as it must be; the message says where and names no value.</exception>
    public (long Rows, long Scored) Score(Stream input, string name, string patient, Stream output)
    {
        var reader = new CsvReader(input, name);
        if (!reader.Read())
            throw reader.Fault("the file is empty: its first line names the columns.");
        var (columns, patientColumn, width) = Columns(reader, patient);
        var values = new float[Chunk * _names.Length];
        var (rows, scored, held) = (0L, 0L, 0);
        while (reader.Read())
        {
            if (reader.Count != width)
                throw reader.Fault($"the line has {reader.Count} fields; the first has {width}.");
            _patients[held] = Encoding.UTF8.GetString(reader[patientColumn]);
            if (_patients[held].Length is 0 or > 256)
                throw reader.Fault($"the column {patient} must have 1 to 256 characters.");
            for (var j = 0; j < columns.Length; j++)
                values[(held * columns.Length) + j] = Value(reader, j, columns[j]);
            rows++;
            if (++held < Chunk)
                continue;
            scored += Write(values, held, output);
            held = 0;
        }

        return (rows, scored + Write(values, held, output));
    }

    private (int[] Columns, int Patient, int Width) Columns(CsvReader header, string patient)
    {
        var names = Enumerable.Range(0, header.Count).Select(field => Encoding.UTF8.GetString(header[field]).TrimStart('\uFEFF').Trim()).ToList();
        foreach (var needed in _names.Add(patient))
        {
            if (names.Count(name => name == needed) != 1)
                throw header.Fault($"there must be one column '{needed}'. Needed: {patient}, {string.Join(", ", _names)}.");
        }

        return ([.. _names.Select(name => names.IndexOf(name))], names.IndexOf(patient), names.Count);
    }

    private float Value(CsvReader reader, int feature, int column)
    {
        var text = reader[column];
        if (text.IsEmpty)
            return float.NaN;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            return (float)number;
        foreach (var word in _missing)
        {
            if (text.SequenceEqual(word))
                return float.NaN;
        }

        throw reader.Fault($"the column {_names[feature]} must hold a number with a decimal point, or be empty where the value is missing (or what --missing names).");
    }

    private long Write(float[] values, int rows, Stream output)
    {
        if (rows == 0)
            return 0;
        Answer(values, rows);
        log.Add(_predictions.Take(rows).OfType<Prediction>());
        _out.ResetWrittenCount();
        var scored = 0L;
        for (var row = 0; row < rows; row++)
        {
            // A pseudonym with a comma is quoted; one with a quote could not be read.
            var quoted = _patients[row].Contains(',', StringComparison.Ordinal);
            Text(quoted ? $"\"{_patients[row]}\"" : _patients[row]);
            _out.Write(","u8);
            var score = _predictions[row]?.Score ?? ModelScore.None(null);
            foreach (var isNumber in _isNumber)
            {
                if (!score.IsNone && score.IsNumber == isNumber)
                {
                    ((float)score.Value).TryFormat(_out.GetSpan(32), out var written, "R", CultureInfo.InvariantCulture);
                    _out.Advance(written);
                }

                _out.Write(","u8);
            }

            if (!score.IsNone)
            {
                scored++;
                Text(TextOf(_predictions[row]!.Version));
            }

            _out.Write(","u8);
            Text(_predictions[row]?.Id ?? "");
            _out.Write("\n"u8);
        }

        output.Write(_out.WrittenSpan);
        return scored;
    }

    private string TextOf(ModelVersion version)
    {
        if (_version.Of != version)
            _version = (version, version.ToString());
        return _version.Text;
    }

    private void Text(string text) => _out.Advance(Encoding.UTF8.GetBytes(text, _out.GetSpan(3 * text.Length)));

    // Who answers is asked for each patient only where a candidate shares them out.
    private void Answer(float[] values, int rows)
    {
        Array.Clear(_predictions);
        log.Name(_ids.AsSpan(0, rows));
        var isShared = line.Rollout.Percent > 0;
        var whole = isShared ? null : line.Choose("");
        var all = Enumerable.Range(0, rows);
        var arms = whole is not null
            ? [(whole.Arms, all.ToList())]
            : all.GroupBy(row => line.Choose(_patients[row]), (choice, members) => (choice.Arms, Members: members.ToList()))
                .GroupBy(group => string.Join('/', group.Arms.Select(arm => arm.Unit.Model.ToString())), (_, groups) => groups.ToList()).Select(groups => (groups[0].Arms, groups.SelectMany(group => group.Members).ToList()));
        foreach (var (chain, members) in arms)
        {
            foreach (var arm in chain)
            {
                if (TryRun(arm.Unit, values, members))
                    break;
            }
        }
    }

    private bool TryRun(ServedUnit unit, float[] values, List<int> members)
    {
        var model = unit.Loaded!;
        if (!model.TryEnter())
            return false;
        try
        {
            var width = model.Features.Length;
            var columns = model.Features.Select(feature => _names.IndexOf(feature.Name)).ToArray();
            if (_inputs.Length < members.Count * width)
                _inputs = new float[Chunk * width];
            for (var i = 0; i < members.Count; i++)
            {
                for (var j = 0; j < width; j++)
                    _inputs[(i * width) + j] = values[(members[i] * _names.Length) + columns[j]];
            }

            var began = time.GetTimestamp();
            model.Score(_inputs.AsSpan(0, members.Count * width), _scores.AsSpan(0, members.Count));
            Log(unit, model, members, time.GetElapsedTime(began) / members.Count);
            return true;
        }
        catch (ScoringFailedException)
        {
            foreach (var _ in members)
                log.ReportOf(line.Name, unit).CountError();
            return false;
        }
        finally
        {
            model.Exit();
        }
    }

    // Rows with a score are counted together, which takes a small part of the time.
    private void Log(ServedUnit unit, LoadedModel model, List<int> members, TimeSpan elapsed)
    {
        var (report, width, answered, sketched) = (log.ReportOf(line.Name, unit), model.Features.Length, 0, 0);
        if (_answered.Length < members.Count * width)
            (_answered, _sketched) = (new float[Chunk * width], new float[Chunk * width]);
        for (var i = 0; i < members.Count; i++)
        {
            var values = _inputs[(i * width)..((i + 1) * width)];
            var (absent, implausible, needed) = Scorer.Look(model.Features, values);
            var reason = !_scores[i].IsNone ? null : needed.IsEmpty ? NoScore.NotComputable.Code : DayReport.MissingReason;
            _predictions[members[i]] = new Prediction(
                _ids[members[i]], log.Made, line.Name, unit.Version, unit.Model, ServingLine.BatchMode, _patients[members[i]], log.Made, _scores[i], reason, elapsed, absent.Length, implausible.Length)
            {
                Inputs = (model, values),
            };
            if (_scores[i].IsNone)
            {
                report.CountAnswer(float.NaN, reason, elapsed, values);
                continue;
            }

            _outputs[answered] = _scores[i].Output;
            values.CopyTo(_answered.AsSpan(answered++ * width));
            if (members.Count < Chunk || IsDrawn(_ids[members[i]]))
                values.CopyTo(_sketched.AsSpan(sketched++ * width));
        }

        var all = _answered.AsSpan(0, answered * width);
        report.CountAnswers(_outputs.AsSpan(0, answered), elapsed, all, model.Sketched is { } design ? StudyDrift.SketchRows(design, model.Features, _sketched.AsSpan(0, sketched * width)) : []);
    }

    // Of thousands of rows one in four is sketched, drawn by its id's random digits: all would take a fifth of the time.
    private static bool IsDrawn(string id) => id[^1] is '0' or '1' or '2' or '3';
}

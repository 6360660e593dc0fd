namespace FederatedClinicalMl.Cli.Synth;

/// <summary>
/// CSV files with a column <c>available</c> that says from when on a row could be known. Times are ISO 8601 in UTC; of a panel each value is a row, and results by the
/// hospital's own codes have a file of their own, for a file has codes of one system. What was entered in error is not there.
/// </summary>
internal sealed class CsvWriter(OutputFolder folder, Hospital hospital) : ISiteWriter
{
    private const string Date = "yyyy-MM-dd";
    private const string Time = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private readonly CsvFile _patients = new(folder, "patients", "patient", "birth", "sex", "death");
    private readonly CsvFile _encounters = new(folder, "encounters", "encounter", "patient", "class", "start", "end", "organisation");
    private readonly CsvFile _conditions = new(folder, "conditions", "record", "patient", "encounter", "time", "available", "code");
    private readonly CsvFile _medications = new(folder, "medications", "record", "patient", "encounter", "time", "available", "code");
    private readonly CsvFile _procedures = new(folder, "procedures", "record", "patient", "encounter", "time", "available", "code");

    private readonly CsvFile _observations = Observations(folder, "observations");
    private readonly CsvFile? _local = hospital.LocalCodes ? Observations(folder, "local-observations") : null;

    /// <inheritdoc/>
    public void Write(SynthPatient patient)
    {
        var sex = patient.Male switch { true => "male", false => "female", null => null };
        _patients.Add(patient.Id).Add(patient.Birth?.ToDateTime(default), Date).Add(sex).Add(patient.Death, Time).End();
        foreach (var encounter in patient.Encounters)
            _encounters.Add(encounter.Id).Add(patient.Id).Add(encounter.Class).Add(encounter.Start, Time).Add(encounter.End, Time).Add((long)encounter.Organisation).End();

        foreach (var item in patient.Events)
        {
            if (!item.Retracted)
                WriteEvent(patient, item);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in (CsvFile[])[_patients, _encounters, _conditions, _medications, _procedures, _observations])
            file.Dispose();
        _local?.Dispose();
    }

    private void WriteEvent(SynthPatient patient, SynthEvent item)
    {
        switch (item.Kind)
        {
            case SynthKind.Condition:
                Begin(_conditions, item.Id, patient, item, item.Code).End();
                break;
            case SynthKind.Medication:
                Begin(_medications, item.Id, patient, item, item.Code).End();
                break;
            case SynthKind.Procedure:
                Begin(_procedures, item.Id, patient, item, item.Code).End();
                break;
            default:
                foreach (var (part, value) in item.Values.Index())
                {
                    Begin(value.Code.System == SynthCode.Local ? _local! : _observations, part == 0 ? item.Id : $"{item.Id}-{part + 1}", patient, item, value.Code)
                        .Add(value.Number).Add(value.Unit?.Code).Add(value.Answer?.Code).End();
                }

                break;
        }
    }

    private static CsvFile Observations(OutputFolder folder, string name) =>
        new(folder, name, "record", "patient", "encounter", "time", "available", "code", "number", "unit", "answer");

    private static CsvFile Begin(CsvFile file, string record, SynthPatient patient, SynthEvent item, SynthCode? code) =>
        file.Add(record).Add(patient.Id).Add(item.Encounter).Add(item.Time, Time).Add(item.Available, Time).Add(code?.Code);
}

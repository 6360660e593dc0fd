namespace FederatedClinicalMl.Cli.Synth;

/// <summary>The tables of what happened, with the columns of the model that are filled.</summary>
internal sealed class OmopTables(OutputFolder folder) : IDisposable
{
    public CsvFile Person { get; } = new(
        folder, "person", "person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth", "race_concept_id", "ethnicity_concept_id",
        "person_source_value", "gender_source_value");

    public CsvFile Period { get; } = new(
        folder, "observation_period", "observation_period_id", "person_id", "observation_period_start_date", "observation_period_end_date", "period_type_concept_id");

    public CsvFile Death { get; } = new(folder, "death", "person_id", "death_date", "death_datetime", "death_type_concept_id");

    public CsvFile Visit { get; } = new(
        folder, "visit_occurrence", "visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date", "visit_start_datetime", "visit_end_date",
        "visit_end_datetime", "visit_type_concept_id", "care_site_id", "visit_source_value");

    public CsvFile Condition { get; } = new(
        folder, "condition_occurrence", "condition_occurrence_id", "person_id", "condition_concept_id", "condition_start_date", "condition_start_datetime",
        "condition_type_concept_id", "visit_occurrence_id", "condition_source_value", "condition_source_concept_id", "condition_end_date");

    public CsvFile Drug { get; } = new(
        folder, "drug_exposure", "drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_start_datetime",
        "drug_type_concept_id", "drug_exposure_end_date", "visit_occurrence_id", "drug_source_value", "drug_source_concept_id");

    public CsvFile Procedure { get; } = new(
        folder, "procedure_occurrence", "procedure_occurrence_id", "person_id", "procedure_concept_id", "procedure_date", "procedure_datetime",
        "procedure_type_concept_id", "visit_occurrence_id", "procedure_source_value", "procedure_source_concept_id", "procedure_end_date");

    public CsvFile Measurement { get; } = new(
        folder, "measurement", "measurement_id", "person_id", "measurement_concept_id", "measurement_date", "measurement_datetime", "measurement_type_concept_id",
        "value_as_number", "value_as_concept_id", "unit_concept_id", "visit_occurrence_id", "unit_source_value", "measurement_source_value",
        "measurement_source_concept_id", "operator_concept_id");

    public CsvFile Observation { get; } = new(
        folder, "observation", "observation_id", "person_id", "observation_concept_id", "observation_date", "observation_datetime", "observation_type_concept_id",
        "value_as_number", "value_as_concept_id", "unit_concept_id", "visit_occurrence_id", "unit_source_value", "observation_source_value", "observation_source_concept_id");

    public void Dispose()
    {
        foreach (var table in (CsvFile[])[Person, Period, Death, Visit, Condition, Drug, Procedure, Measurement, Observation])
            table.Dispose();
    }
}

using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>Every code that the hospitals use. Concept numbers are those of the OHDSI vocabularies where they are widely known, and plausible elsewhere.</summary>
internal static class Codes
{
    // Units.
    public static readonly SynthCode Percent = Unit("%", 8554, "percent");
    public static readonly SynthCode MilligramPerDecilitre = Unit("mg/dL", 8840, "milligram per deciliter");
    public static readonly SynthCode MillimolePerLitre = Unit("mmol/L", 8753, "millimole per liter");
    public static readonly SynthCode MicromolePerLitre = Unit("umol/L", 8749, "micromole per liter");
    public static readonly SynthCode GramPerDecilitre = Unit("g/dL", 8713, "gram per deciliter");
    public static readonly SynthCode MilligramPerLitre = Unit("mg/L", 8751, "milligram per liter");
    public static readonly SynthCode PicogramPerMillilitre = Unit("pg/mL", 8845, "picogram per milliliter");
    public static readonly SynthCode MercuryMillimetre = Unit("mm[Hg]", 8876, "millimeter mercury column");
    public static readonly SynthCode PerMinute = Unit("/min", 8541, "per minute");
    public static readonly SynthCode LitrePerMinute = Unit("L/min", 8698, "liter per minute");
    public static readonly SynthCode Celsius = Unit("Cel", 586323, "degree Celsius");
    public static readonly SynthCode KilogramPerSquareMetre = Unit("kg/m2", 9531, "kilogram per square meter");

    // Vital signs: the seven components of NEWS2, and what else is taken.
    public static readonly SynthCode RespiratoryRate = Loinc("9279-1", 3024171, "Respiratory rate");
    public static readonly SynthCode OxygenSaturation = Loinc("59408-5", 40762499, "Oxygen saturation in Arterial blood by Pulse oximetry");
    public static readonly SynthCode OxygenFlow = Loinc("3151-8", 3005629, "Inhaled oxygen flow rate");
    public static readonly SynthCode BloodPressure = Loinc("85354-9", 40758413, "Blood pressure panel with all children optional");
    public static readonly SynthCode Systolic = Loinc("8480-6", 3004249, "Systolic blood pressure");
    public static readonly SynthCode Diastolic = Loinc("8462-4", 3012888, "Diastolic blood pressure");
    public static readonly SynthCode HeartRate = Loinc("8867-4", 3027018, "Heart rate");
    public static readonly SynthCode Responsiveness = Loinc("67775-7", 40771091, "Level of responsiveness");
    public static readonly SynthCode Temperature = Loinc("8310-5", 3020891, "Body temperature");
    public static readonly SynthCode BodyMassIndex = Loinc("39156-5", 3038553, "Body mass index (BMI) [Ratio]");
    public static readonly SynthCode SmokingStatus = Loinc("72166-2", 43054909, "Tobacco smoking status");

    // Laboratory: by mass, and where hospitals differ by substance.
    public static readonly SynthCode Hba1c = Loinc("4548-4", 3004410, "Hemoglobin A1c/Hemoglobin.total in Blood");
    public static readonly SynthCode Glucose = Loinc("2345-7", 3004501, "Glucose [Mass/volume] in Serum or Plasma");
    public static readonly SynthCode GlucoseMoles = Loinc("14749-6", 3020491, "Glucose [Moles/volume] in Serum or Plasma");
    public static readonly SynthCode Creatinine = Loinc("2160-0", 3016723, "Creatinine [Mass/volume] in Serum or Plasma");
    public static readonly SynthCode CreatinineMoles = Loinc("14682-9", 3020564, "Creatinine [Moles/volume] in Serum or Plasma");
    public static readonly SynthCode Cholesterol = Loinc("2093-3", 3027114, "Cholesterol [Mass/volume] in Serum or Plasma");
    public static readonly SynthCode CholesterolMoles = Loinc("14647-2", 3019900, "Cholesterol [Moles/volume] in Serum or Plasma");
    public static readonly SynthCode Haemoglobin = Loinc("718-7", 3000963, "Hemoglobin [Mass/volume] in Blood");
    public static readonly SynthCode Potassium = Loinc("2823-3", 3023103, "Potassium [Moles/volume] in Serum or Plasma");
    public static readonly SynthCode CReactiveProtein = Loinc("1988-5", 3020460, "C reactive protein [Mass/volume] in Serum or Plasma");
    public static readonly SynthCode NatriureticPeptide = Loinc("33762-6", 3029187, "Natriuretic peptide.B prohormone N-Terminal [Mass/volume] in Serum or Plasma");

    // Answers.
    public static readonly SynthCode RoomAir = Finding("722742002", 37208354, "Breathing room air");
    public static readonly SynthCode Alert = Finding("248234008", 4085584, "Mentally alert");
    public static readonly SynthCode Confused = Finding("130987000", 4164633, "Acute confusion");
    public static readonly SynthCode RespondsToVoice = Finding("300202002", 4093836, "Responds to voice");
    public static readonly SynthCode NeverSmoked = Finding("266919005", 4144272, "Never smoked tobacco");
    public static readonly SynthCode ExSmoker = Finding("8517006", 4310250, "Ex-smoker");
    public static readonly SynthCode Smoker = Finding("449868002", 42709996, "Smokes tobacco daily");

    // Diagnoses.
    public static readonly SynthCode HeartFailure = Condition("84114007", 316139, "Heart failure");
    public static readonly SynthCode Diabetes = Condition("44054006", 201826, "Type 2 diabetes mellitus");
    public static readonly SynthCode Hypertension = Condition("38341003", 316866, "Hypertensive disorder");
    public static readonly SynthCode LungDisease = Condition("13645005", 255573, "Chronic obstructive lung disease");
    public static readonly SynthCode AtrialFibrillation = Condition("49436004", 313217, "Atrial fibrillation");
    public static readonly SynthCode Cardiomyopathy = Condition("85898001", 321319, "Cardiomyopathy");
    public static readonly SynthCode Pneumonia = Condition("233604007", 255848, "Pneumonia");
    public static readonly SynthCode HipFracture = Condition("5913000", 4230399, "Fracture of neck of femur");
    public static readonly SynthCode ChestPain = Condition("29857009", 77670, "Chest pain");
    public static readonly SynthCode ProstateCancer = Condition("399068003", 4163261, "Malignant tumor of prostate");
    public static readonly SynthCode Pregnant = Condition("77386006", 4299535, "Pregnancy");

    // Medications.
    public static readonly SynthCode Metformin = Drug("860975", 40163924, "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet");
    public static readonly SynthCode Lisinopril = Drug("314076", 19080128, "lisinopril 10 MG Oral Tablet");
    public static readonly SynthCode Simvastatin = Drug("312961", 19019115, "simvastatin 20 MG Oral Tablet");
    public static readonly SynthCode Warfarin = Drug("855332", 40163554, "warfarin sodium 5 MG Oral Tablet");
    public static readonly SynthCode Amoxicillin = Drug("308182", 19073183, "amoxicillin 250 MG Oral Capsule");

    // Procedures.
    public static readonly SynthCode Electrocardiogram = Procedure("29303009", 4163951, "Electrocardiographic procedure");
    public static readonly SynthCode ChestXRay = Procedure("399208008", 4163872, "Plain chest X-ray");
    public static readonly SynthCode Echocardiogram = Procedure("40701008", 4230911, "Echocardiography");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SynthCode> All { get; } =
    [
        Percent, MilligramPerDecilitre, MillimolePerLitre, MicromolePerLitre, GramPerDecilitre, MilligramPerLitre, PicogramPerMillilitre, MercuryMillimetre,
        PerMinute, LitrePerMinute, Celsius, KilogramPerSquareMetre,
        RespiratoryRate, OxygenSaturation, OxygenFlow, BloodPressure, Systolic, Diastolic, HeartRate, Responsiveness, Temperature, BodyMassIndex, SmokingStatus,
        Hba1c, Glucose, GlucoseMoles, Creatinine, CreatinineMoles, Cholesterol, CholesterolMoles, Haemoglobin, Potassium, CReactiveProtein, NatriureticPeptide,
        RoomAir, Alert, Confused, RespondsToVoice, NeverSmoked, ExSmoker, Smoker,
        HeartFailure, Diabetes, Hypertension, LungDisease, AtrialFibrillation, Cardiomyopathy, Pneumonia, HipFracture, ChestPain, ProstateCancer, Pregnant,
        Metformin, Lisinopril, Simvastatin, Warfarin, Amoxicillin,
        Electrocardiogram, ChestXRay, Echocardiogram,
    ];

    private static SynthCode Unit(string code, long concept, string name) => new(CodeSystems.Ucum, code, concept, "Unit", name);

    private static SynthCode Loinc(string code, long concept, string name) => new(CodeSystems.Loinc, code, concept, "Measurement", name);

    private static SynthCode Finding(string code, long concept, string name) => new(CodeSystems.Snomed, code, concept, "Observation", name);

    private static SynthCode Condition(string code, long concept, string name) => new(CodeSystems.Snomed, code, concept, "Condition", name);

    private static SynthCode Drug(string code, long concept, string name) => new(CodeSystems.RxNorm, code, concept, "Drug", name);

    private static SynthCode Procedure(string code, long concept, string name) => new(CodeSystems.Snomed, code, concept, "Procedure", name);
}

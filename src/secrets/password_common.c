/* The commonest passwords, as leaks show them year after year, and the ones that machines come
 * with: what is left of them in small letters when digits and signs around are taken off. Shorter
 * than SECRET_PASSWORD_MIN is what may be dressed up to be long enough ("Summer2026!"). In the
 * order of their bytes, for a search by halves. */
#include "secrets/room.h"

#include <stdlib.h>

// clang-format off
static const char *const common[] = {
    "0123456789", "0147258369", "0987654321", "1029384756", "1122334455", "11223344556",
    "112233445566", "1234567890", "123456789012", "12345678910", "1234asdfqwer", "1234qwer",
    "1234qwerasdf", "14159265358", "147258369", "1472583690", "1q2w3e4r5t", "1q2w3e4r5t6y",
    "1q2w3e4r5t6y7u", "1qaz2wsx", "1qaz2wsx3edc", "1qaz2wsx3edc4rfv", "1qazxsw2", "1qazxsw23edc",
    "2718281828", "3141592653", "31415926535", "5201314", "52013145201314", "9876543210",
    "a1b2c3d4", "a1b2c3d4e5", "aa123456", "abc123abc123", "abcd1234", "abcdefgh", "abcdefghij",
    "abcdefghijk", "abcdefghijkl", "access", "accessgranted", "admin", "adminadmin",
    "administrator", "adminpassword", "aini1314", "alexander", "alexandra", "android", "anthony",
    "arsenal", "asdasdasd", "asdf", "asdf1234", "asdfasdf", "asdfgh", "asdfghjk", "asdfghjkl",
    "asdfghjklqwertyuiop", "asshole", "autumn", "azerty", "azertyuiop", "banana", "barcelona",
    "baseball", "basketball", "batman", "bayern", "beautiful", "blank", "blessed", "blink",
    "bullshit", "butterfly", "changeit", "changeme", "changemenow", "changethis", "charlie",
    "cheese", "chelsea", "chocolate", "christian", "christopher", "cisco", "computer",
    "computer123", "contrasena", "controller", "cookie", "correcthorse",
    "correcthorsebatterystaple", "corvette", "database", "debian", "december", "default",
    "defaultpassword", "demo", "demodemo", "dragon", "dragonball", "elizabeth", "engineer",
    "facebook", "factory", "february", "ferrari", "football", "footballer", "forever", "freedom",
    "friday", "fuckoff", "fuckyou", "ginger", "google", "guest", "guestguest", "harley", "haslo",
    "hello", "hellohello", "hellokitty", "helloworld", "heslo", "historian", "hunter", "ilovegod",
    "ilovejesus", "ilovejesuschrist", "iloveme", "iloveu", "iloveyou", "iloveyou1314",
    "iloveyouforever", "iloveyousomuch", "industry", "instagram", "internet", "iphone", "ironman",
    "january", "jennifer", "jessica", "jesuschrist", "jonathan", "jordan", "juventus", "killer",
    "letmein", "letmein1234", "letmeinplease", "linkedin", "linux", "liverpool", "liverpoolfc",
    "lkjhgfdsa", "login", "loginlogin", "logmein", "lovelove", "lovely", "loveyou", "mainstem",
    "maintenance", "manager", "manchester", "manunited", "manutd", "master", "masterkey", "matrix",
    "mercedes", "metallica", "michael", "michelle", "microsoft", "minecraft", "mnbvcxz", "monday",
    "monkey", "motdepasse", "mustang", "mynameis", "mypassword", "mysecret", "myspace",
    "newpassword", "nicole", "nihao", "nihaoma", "nopass", "nopassword", "nothing", "november",
    "october", "opensesame", "operator", "oracle", "ourpassword", "parola", "passcode",
    "passphrase", "passwd", "password", "password1234567890", "passwort", "pepper", "pikachu",
    "plant", "pleasechangeme", "poiuytrewq", "pokemon", "porsche", "princesa", "princess",
    "q1w2e3r4", "q1w2e3r4t5", "q1w2e3r4t5y6", "qazwsx", "qazwsxedc", "qazwsxedcrfv", "qwaszx",
    "qwe123qwe123", "qweasd", "qweasdzxc", "qweqweqwe", "qwer1234", "qwer1234qwer", "qwerty",
    "qwerty123456", "qwertyqwerty", "qwertyui", "qwertyuio", "qwertyuiop", "qwertyuiopasdfghjkl",
    "qwertyuiopasdfghjklzxcvbnm", "qwertz", "qwertzuiop", "qwertzuiopu", "ranger", "raspberry",
    "raspberrypi", "raspbian", "realmadrid", "rockyou", "rootpassword", "rootroot", "samsung",
    "saturday", "scada", "secret", "senha", "september", "server", "service", "shadow", "signin",
    "slipknot", "spiderman", "spring", "startrek", "starwars", "stephanie", "strawberry", "summer",
    "sunday", "sunflower", "sunshine", "superadmin", "superman", "supernova", "superstar",
    "superuser", "supervisor", "sweetheart", "sysadmin", "system", "technician", "temp",
    "temporary", "test", "tester", "testing", "testtest", "testtesttest", "thepassword", "thunder",
    "toor", "topsecret", "trustno", "trustnoone", "twitter", "ubnt", "ubuntu", "unknown", "user",
    "username", "volleyball", "wachtwoord", "welcome", "welcomehome", "welcometo", "whatever",
    "whatsapp", "windows", "winter", "woaini", "woaini1314", "woaini520", "woaini5201314",
    "wojiushiwo", "yourpassword", "youtube", "zaq12wsx", "zaq12wsxcde3", "zaq1xsw2", "zxcvbn",
    "zxcvbnm", "zxcvbnmasdfghjkl", "zxczxczxc",
};
// clang-format on

static int common_compare(const void *key, const void *entry)
{
    const struct bytes *text = key;
    return bytes_compare(*text, bytes_text(*(const char *const *)entry));
}

bool password_is_common(struct bytes text)
{
    return bsearch(&text, common, ARRAY_COUNT(common), sizeof common[0], common_compare) != NULL;
}

const char *password_common_at(size_t index)
{
    return index < ARRAY_COUNT(common) ? common[index] : NULL;
}
